/**
 * Pages by their origin: scheme, name and port, compared as a browser does, however they are
 * spelled. A page of the relay's own host is same-origin, provided that the host is the relay's.
 */

/** Origin of URLs whose scheme has no host and port to compare. */
const opaque = 'null'

/**
 * @returns scheme, name and port in one spelling; undefined where the text is not an origin. A
 * path of `/` alone counts as none.
 */
export function readOrigin(text: string): string | undefined {
  if (text.toLowerCase() === opaque) return opaque
  if (!URL.canParse(text) || !/^[a-z][a-z\d+.-]*:\/\/[^/?#\\]+\/?$/i.test(text)) return undefined
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return undefined
  // Apps and extensions have schemes of their own, for which URL knows no origin.
  return url.origin === opaque ? `${url.protocol}//${url.host.toLowerCase()}` : url.origin
}

/** What is wrong with an entry of WEBSOCKET_ALLOWED_ORIGINS; undefined if nothing is. */
export function originProblem(entry: string): string | undefined {
  if (entry === '*') return undefined
  const origin = readOrigin(entry)
  if (origin === undefined) {
    return `"${entry}" is not an origin, which is scheme://name or scheme://name:port`
  }
  if (origin.includes('*')) return `"${entry}" has a *, which has no meaning inside an origin`
  const isOfSocket = /^wss?:/.test(origin)
  return isOfSocket ? `no page has the scheme of "${entry}": write http or https` : undefined
}

/** @returns a function that says whether a page may open a socket, given the Host header */
export function createOrigins(allowed: readonly string[]) {
  const isAny = allowed.includes('*')
  const known = new Set(allowed.map(readOrigin))
  return (header: string, host: string | undefined): boolean => {
    if (isAny) return true
    const origin = readOrigin(header)
    if (origin === undefined) return false
    return known.has(origin) || isSameOrigin(origin, host)
  }
}

/** The Host header lacks the scheme and a default port, so the page's scheme is assumed. */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false
  const own = `${new URL(origin).protocol}//${host}`
  return URL.canParse(own) && new URL(own).host === new URL(origin).host
}
