/**
 * Who may open a socket. Browsers send the origin of the page: one that is not allowed is turned
 * away, because a page from anywhere could otherwise read the stream of a relay on localhost. A
 * client that sends no origin is no browser, and is asked for the token if there is one.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Settings } from '../tables/settings.ts'

const loopback = new Set(['127.0.0.1', 'localhost', '::1'])

/**
 * Whether whoever was let in may also change what concerns everybody. Beyond loopback it takes the
 * token; where there is one, whoever was let in has shown it.
 */
export const mayAdminister = ({ authToken, host }: Pick<Settings, 'authToken' | 'host'>): boolean =>
  authToken !== '' || loopback.has(host)

/** Why a request is turned away, with an HTTP status and a text. */
export interface Refusal {
  readonly reason: 'origin' | 'token'
  readonly status: 401 | 403
  readonly says: string
}

/** @returns undefined when the request may go on */
export function refusalOf(
  request: IncomingMessage,
  settings: Pick<Settings, 'allowedOrigins' | 'authToken'>,
): Refusal | undefined {
  if (!isOriginAllowed(request, settings.allowedOrigins)) {
    return { reason: 'origin', status: 403, says: 'Origin not allowed' }
  }
  if (settings.authToken !== '' && !hasToken(request, settings.authToken)) {
    return { reason: 'token', status: 401, says: 'Bearer token missing or wrong' }
  }
  return undefined
}

function isOriginAllowed(request: IncomingMessage, allowed: readonly string[]): boolean {
  const { origin, host } = request.headers
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host
}

/** `Authorization: Bearer …`, or `?token=…` for browsers, whose sockets cannot set headers. */
function hasToken(request: IncomingMessage, token: string): boolean {
  const header = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  // A request line need not be a URL, so only what follows the question mark is looked at.
  const query = (request.url ?? '').split('?')[1]
  const given = header ?? new URLSearchParams(query).get('token')
  return given !== null && timingSafeEqual(digest(given), digest(token))
}

/** Equal lengths, so that the comparison tells nothing about the length either. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
