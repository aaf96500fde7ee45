/**
 * The address for which a limit is counted. Headers are trusted only as far as trusted proxies
 * wrote them: from the right, over all lines of the header, up to the first address that is not
 * trusted. An entry that is not an address ends the search at the proxy that added it: skipping it
 * would let a client choose its own address.
 *
 * An IPv6 address counts as its /64, which is what one customer gets: a limit for each of the 2^64
 * addresses in it would have no effect.
 */
import ipaddr from 'ipaddr.js'
import type { IncomingMessage } from 'node:http'
import { type Address, readAddress, readRange } from '../tables/address-ranges.ts'
import type { ClientAddress } from './seam.ts'

/** Words of 16 bits in a /64. */
const networkWords = 4

/** Other headers in which proxies name their client; they are not parsed. */
const unread = ['forwarded', 'x-real-ip'] as const

/** @param trusted addresses or CIDR ranges, already checked with `isRange` */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const ranges = trusted.map(readRange).filter((range) => range !== undefined)
  const isTrusted = (address: Address) =>
    ranges.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits))
  return {
    of(request) {
      const address = addressOf(request, isTrusted)
      return address === undefined ? 'unknown' : countedAs(address)
    },
    isLocal({ headersDistinct: headers, socket }) {
      const peer = readAddress(socket.remoteAddress ?? '')
      if (!isOfThisMachine(peer)) return false
      const forwarded = headers['x-forwarded-for']
      // A client behind an unknown proxy, or named in a header that is not parsed here, may be
      // anywhere. A client that adds these headers itself only loses access.
      if (forwarded === undefined) return unread.every((name) => headers[name] === undefined)
      return isTrusted(peer) && hopsOf(forwarded).every((hop) => isOfThisMachine(readHop(hop)))
    },
  }
}

function addressOf(
  request: IncomingMessage,
  isTrusted: (address: Address) => boolean,
): Address | undefined {
  let address = readAddress(request.socket.remoteAddress ?? '')
  const forwarded = request.headersDistinct['x-forwarded-for']
  for (const hop of forwarded === undefined ? [] : hopsOf(forwarded).reverse()) {
    if (address === undefined || !isTrusted(address)) return address
    const next = readHop(hop)
    if (next === undefined) return address
    address = next
  }
  return address
}

/** All hops, from the client on. */
const hopsOf = (lines: readonly string[]): string[] => lines.join(',').split(',')

const readHop = (hop: string): Address | undefined => readAddress(withoutPort(hop.trim()))

const isOfThisMachine = (address: Address | undefined): address is Address =>
  address?.range() === 'loopback'

/** The network of an IPv6 address, whatever its spelling; an IPv4 address as it is. */
function countedAs(address: Address): string {
  if (!(address instanceof ipaddr.IPv6)) return address.toString()
  const network = address.parts.map((word, at) => (at < networkWords ? word : 0))
  return `${new ipaddr.IPv6(network).toString()}/64`
}

/** Some proxies write `1.2.3.4:5678`, `[2001:db8::1]` or `[2001:db8::1]:5678`. */
const withoutPort = (hop: string): string =>
  /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(hop)?.slice(1).find(Boolean) ?? hop
