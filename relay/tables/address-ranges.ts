/** Addresses and CIDR ranges as settings and proxies write them. */
import ipaddr from 'ipaddr.js'
import { isIP } from 'node:net'

export type Address = ipaddr.IPv4 | ipaddr.IPv6
export type Range = readonly [address: Address, bits: number]

/** Bits before the IPv4 address in one that is mapped to IPv6. */
const mappedBits = 96

/** Whether a text is an address or a CIDR range. */
export const isRange = (text: string): boolean => readRange(text) !== undefined

/** `::ffff:10.0.0.1` and `10.0.0.1` are one address. Only the usual spellings are accepted. */
export function readAddress(text: string): Address | undefined {
  if (isIP(text) === 0 || !ipaddr.isValid(text)) return undefined
  return ipaddr.process(text)
}

/** An address with the number of its bits that count; undefined where a text is neither. */
export function readRange(text: string): Range | undefined {
  const [base = '', bits] = text.split('/', 2)
  const address = readAddress(base)
  if (address === undefined) return undefined
  if (bits === undefined) return [address, address.kind() === 'ipv4' ? 32 : 128]
  if (!ipaddr.isValidCIDR(text)) return undefined
  const isMapped = address.kind() === 'ipv4' && isIP(base) === 6
  const length = Number(bits) - (isMapped ? mappedBits : 0)
  return length < 0 ? undefined : [address, length]
}
