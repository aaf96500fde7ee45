/**
 * Whose address a limit is counted for. Headers are believed only as far as trusted proxies wrote
 * them: from the right, over all lines of the header, up to the first address that is not trusted.
 * An entry that is no address ends the search at the proxy that vouched for it: skipping it would
 * let a client choose its own address.
 *
 * An IPv6 address counts as its /64, which is what one customer gets: it has as many addresses as
 * it likes in there, and a limit for each of them would be none.
 */
import ipaddr from 'ipaddr.js'
import type { IncomingMessage } from 'node:http'
import { type Address, readAddress, readRange } from '../tables/address-ranges.ts'
import type { ClientAddress } from './seam.ts'

/** Words of 16 bits in a /64. */
const networkWords = 4

/** Headers with which other proxies say for whom they ask. */
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
      // Whoever is asked for by a proxy that nobody named, or in words that are not read here, may
      // be anywhere. Who pretends to be forwarded harms nobody but itself.
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

/** All of them, from the client on, read one by one: a header has room for very many. */
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
