/**
 * Addresses as settings and options give them. Checks and connections use the same parser: an
 * address that passes the check is one that can be connected to.
 */
import { isIPv4, isIPv6 } from 'node:net'

export interface HostPort {
  /** A name, or an address of IPv4 or IPv6, without brackets. */
  readonly host: string
  readonly port: number
}

/** What an address must look like, for messages. */
export const addressForm = 'host:port or [IPv6]:port with a port of 1 to 65535'
/** What a host must look like, for messages. */
export const hostForm = 'a host name or an IP address, without scheme and port'

const portMax = 65_535
/** Letters of any language, as resolvers accept them; nothing that has a meaning in a URL. */
const hostName = /^[\p{L}\p{N}._-]+$/u
const dottedNumbers = /^[\d.]+$/
const seedColon = ';'

/** Reads `host:port` or `[IPv6]:port`; undefined for anything else. */
export function readAddress(text: string): HostPort | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^[\]:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed === undefined ? readHost(plain ?? '') : readHost(`[${bracketed}]`)
  const port = Number(digits)
  return host !== undefined && port >= 1 && port <= portMax ? { host, port } : undefined
}

/** Like `readAddress`. @throws Error that says what was wanted and what was found */
export function splitAddress(text: string): HostPort {
  const address = readAddress(text)
  if (address === undefined) throw new Error(`wanted ${addressForm}; found "${text}"`)
  return address
}

/** Reads a host without a port, IPv6 with or without brackets; undefined for anything else. */
export function readHost(text: string): string | undefined {
  const [, bracketed] = /^\[(.+)\]$/.exec(text) ?? []
  if (bracketed !== undefined) return isIPv6(bracketed) ? bracketed : undefined
  if (isIPv6(text)) return text
  if (!hostName.test(text)) return undefined
  return dottedNumbers.test(text) && !isIPv4(text) ? undefined : text
}

/** The address as text: an IPv6 address gets its brackets. */
export const sayAddress = ({ host, port }: HostPort): string =>
  `${isIPv6(host) ? `[${host}]` : host}:${port}`

/** The words of a comma-separated list. */
export const wordsOf = (list: string): string[] =>
  list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')

/** What is wrong with a comma-separated list of addresses; undefined if nothing is. */
export function addressesProblem(list: string): string | undefined {
  const words = wordsOf(list)
  const wrong = words.find((word) => readAddress(word) === undefined)
  if (words.length > 0 && wrong === undefined) return undefined
  return `wanted ${addressForm}, separated by commas; found "${wrong ?? list}"`
}

/**
 * An address for a library that takes everything before the first colon as the host: IPv6 gets
 * another character for its colons, which no name contains. `hostOfSeed` reads it.
 */
export const seedOf = ({ host, port }: HostPort): string =>
  isIPv6(host) ? `[${host.replaceAll(':', seedColon)}]:${port}` : `${host}:${port}`

/** The host in a result of `seedOf`; any other host as it is. */
export const hostOfSeed = (host: string): string =>
  host.startsWith('[') ? host.slice(1, -1).replaceAll(seedColon, ':') : host
