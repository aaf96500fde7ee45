/**
 * Whose address a limit is counted for. Headers are believed only as far as trusted proxies wrote
 * them: from the right, over all lines of the header, up to the first address that is not trusted.
 * An entry that is no address ends the search at the proxy that vouched for it: skipping it would
 * let a client choose its own address.
 */
import ipaddr from 'ipaddr.js'
import type { IncomingMessage } from 'node:http'
import type { ClientAddress } from '../parts.ts'

type Range = readonly [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number]

/** @param trusted addresses or CIDR ranges, already checked with `isRange` */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const ranges = trusted.map(readRange).filter((range) => range !== undefined)
  const isTrusted = (address: string) => {
    const parsed = ipaddr.process(address)
    return ranges.some(
      ([range, bits]) => range.kind() === parsed.kind() && parsed.match(range, bits),
    )
  }
  return { of: (request) => addressOf(request, isTrusted) }
}

/** Whether a text is an address or a CIDR range. */
export const isRange = (text: string): boolean => readRange(text) !== undefined

function addressOf(request: IncomingMessage, isTrusted: (address: string) => boolean): string {
  let address = normal(request.socket.remoteAddress) ?? 'unknown'
  const forwarded = request.headersDistinct['x-forwarded-for'] ?? []
  const hops = forwarded.join(',').split(',').reverse()
  for (const hop of hops) {
    if (address === 'unknown' || !isTrusted(address)) return address
    const next = normal(hop.trim())
    if (next === undefined) return address
    address = next
  }
  return address
}

/** `::ffff:10.0.0.1` and `10.0.0.1` are one address, and an IPv6 address has one spelling. */
function normal(text: string | undefined): string | undefined {
  if (text === undefined || !ipaddr.isValid(text)) return undefined
  return ipaddr.process(text).toString()
}

function readRange(text: string): Range | undefined {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text)
  if (!ipaddr.isValid(text)) return undefined
  const address = ipaddr.process(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}
