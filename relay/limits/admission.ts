/**
 * Who is let in. A page of another site may run in a browser on this very machine, so that being
 * asked from loopback means nothing by itself: the relay must be asked for by a name that is its
 * own, and a page must come from an origin that is allowed. A client that sends no origin is no
 * browser, and is asked for the token if there is one.
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
    // Not even the right one: a guess that is still judged would be no less of a guess.
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
    `This relay is not known as ${JSON.stringify(host.slice(0, 255))}: ask for it by its ` +
    'address or as localhost, or add the name to WEBSOCKET_ALLOWED_HOSTS',
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
  // A request line need not be a URL, so only what follows the question mark is looked at.
  const query = /\?(.*)$/s.exec(request.url ?? '')?.[1]
  return header ?? new URLSearchParams(query).get('token') ?? undefined
}

/** Equal lengths, so that the comparison tells nothing about the length either. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
