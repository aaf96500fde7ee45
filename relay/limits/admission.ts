/**
 * Access control. A page of another site may run in a browser on this machine, so a request from
 * loopback proves nothing by itself: the Host header must name the relay, and a page must come from
 * an allowed origin. A client that sends no Origin is not a browser; it needs the token if one is
 * set.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Admission, ClientAddress, Refusal } from './seam.ts'
import type { Settings } from '../tables/settings.ts'
import type { Clock } from '../world/clock.ts'
import { AddressBuckets } from './address-buckets.ts'
import { createHosts, isLoopback } from '../tables/hosts.ts'
import { createOrigins } from '../tables/origins.ts'

type AdmissionSettings = Pick<
  Settings,
  'allowedHosts' | 'allowedOrigins' | 'authToken' | 'host' | 'wrongTokensPerMinuteMax'
>

const refusals = {
  twoHosts: { reason: 'host', status: 400, says: 'More than one Host header' },
  origin: {
    reason: 'origin',
    status: 403,
    says: 'Origin not allowed: see WEBSOCKET_ALLOWED_ORIGINS',
  },
  token: { reason: 'token', status: 401, says: 'Bearer token missing or wrong' },
} as const satisfies Record<string, Refusal>

export function createAdmission(
  clock: Clock,
  settings: AdmissionSettings,
  address: ClientAddress,
): Admission {
  const { authToken } = settings
  const isOurHost = createHosts(settings)
  const isOurPage = createOrigins(settings.allowedOrigins)
  const guesses = AddressBuckets.perMinute(clock, settings.wrongTokensPerMinuteMax)
  const isBoundToLoopback = isLoopback(settings.host)

  const misdirected = (request: IncomingMessage) => {
    const { host: [host, second] = [] } = request.headersDistinct
    if (second !== undefined) return refusals.twoHosts
    return host === undefined || isOurHost(host) ? undefined : wrongHost(host)
  }
  const shown = (request: IncomingMessage) => {
    if (authToken === '') return true
    const given = tokenOf(request)
    if (given === undefined) return false
    const from = address.of(request)
    // Not even the right token is accepted then: else guessing could simply go on.
    const waitMs = guesses?.waitMs(from) ?? 0
    if (waitMs > 0) return tooManyGuesses(waitMs)
    if (timingSafeEqual(digest(given), digest(authToken))) return true
    guesses?.take(from)
    return refusals.token
  }
  const refusal = (request: IncomingMessage) => {
    const { origin, host } = request.headers
    if (origin !== undefined && !isOurPage(origin, host)) return refusals.origin
    const known = shown(request)
    return known === false ? refusals.token : known === true ? undefined : known
  }
  const mayAdminister = (request: IncomingMessage) =>
    authToken !== '' || (isBoundToLoopback && address.isLocal(request))

  return { misdirected, refusal, shown, mayAdminister }
}

const wrongHost = (host: string): Refusal => ({
  reason: 'host',
  status: 421,
  says:
    `This relay does not accept the host name ${JSON.stringify(host.slice(0, 255))}: use its ` +
    'IP address or localhost, or add the name to WEBSOCKET_ALLOWED_HOSTS',
})

const tooManyGuesses = (waitMs: number): Refusal => ({
  reason: 'guesses',
  status: 429,
  says: 'Too many wrong tokens from this address',
  waitMs,
})

/** `Authorization: Bearer …`, or `?token=…` for browsers, whose sockets cannot set headers. */
function tokenOf(request: IncomingMessage): string | undefined {
  const header = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  // A request target need not be a URL, so only the part after the question mark is parsed.
  const query = /\?(.*)$/s.exec(request.url ?? '')?.[1]
  return header ?? new URLSearchParams(query).get('token') ?? undefined
}

/** Digests of equal length, so that the comparison does not leak the length of the token. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
