/**
 * Pages by their origin: scheme, name and port, compared as a browser means them, however they are
 * spelt. A page that comes from the relay's own host is at home, provided that host is the relay's.
 */

/** Schemes whose addresses have an origin of their own, in which nothing is left to be compared. */
const opaque = 'null'

/**
 * @returns scheme, name and port in one spelling; undefined where a text can be no origin. A path
 * of `/` alone is taken for none.
 */
export function readOrigin(text: string): string | undefined {
  if (text.toLowerCase() === opaque) return opaque
  if (!URL.canParse(text) || !/^[a-z][a-z\d+.-]*:\/\/[^/?#\\]+\/?$/i.test(text)) return undefined
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return undefined
  // Apps and extensions have schemes of their own, to which no URL has an origin.
  return url.origin === opaque ? `${url.protocol}//${url.host.toLowerCase()}` : url.origin
}

/** What is wrong with an entry of WEBSOCKET_ALLOWED_ORIGINS; undefined if nothing is. */
export function originProblem(entry: string): string | undefined {
  if (entry === '*') return undefined
  const origin = readOrigin(entry)
  if (origin === undefined) {
    return `"${entry}" is no origin, which is scheme://name or scheme://name:port and no more`
  }
  if (origin.includes('*')) return `"${entry}" has a *, which stands for nothing inside an origin`
  const isOfSocket = /^wss?:/.test(origin)
  return isOfSocket ? `no page has the scheme of "${entry}": write http or https` : undefined
}

/** @returns tells whether a page may open a socket of a relay that it asks for as `host` */
export function createOrigins(allowed: readonly string[]) {
  const isAny = allowed.includes('*')
  const known = new Set(allowed.map(readOrigin))
  return (header: string, host: string | undefined): boolean => {
    if (isAny) return true
    const origin = readOrigin(header)
    if (origin === undefined) return false
    return known.has(origin) || isHome(origin, host)
  }
}

/** Scheme and port cannot be told from the Host header, so it is read as the page would read it. */
function isHome(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false
  const own = `${new URL(origin).protocol}//${host}`
  return URL.canParse(own) && new URL(own).host === new URL(origin).host
}
