/**
 * The check before every HTTP request: the Host header must name the relay, and each address has a
 * request rate. Liveness and readiness probes are always answered.
 */
import type { IncomingMessage } from 'node:http'
import type { Answer } from '../adapters/answer.ts'
import type { Logger } from '../adapters/logger.ts'
import { AddressBuckets } from '../limits/address-buckets.ts'
import { Bucket } from '../limits/bucket.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Admission, ClientAddress, Refusal } from '../limits/seam.ts'
import type { Clock } from '../world/clock.ts'

export interface RequestGuardNeeds {
  readonly admission: Admission
  readonly address: ClientAddress
  readonly metrics: Metrics
  readonly clock: Clock
  readonly logger: Pick<Logger, 'warn'>
  /** Requests a second of one address; 0 is no limit. */
  readonly requestsPerSecondMax: number
}

type PageRefusal = Omit<Refusal, 'reason'> & { readonly reason: Refusal['reason'] | 'rate' }

/** Burst of an address, in seconds of its rate. */
const burstSeconds = 10
/** Burst of log lines about refusals; one more each minute. */
const linesMax = 3
/** Characters of a header in a log line. */
const headerCharactersMax = 255
/** They cost almost nothing, and an orchestrator that gets no answer kills the relay. */
const probes = new Set(['/livez', '/readyz'])

export class RequestGuard {
  readonly #needs: RequestGuardNeeds
  readonly #requests: AddressBuckets | undefined
  readonly #lines: Bucket

  constructor(needs: RequestGuardNeeds) {
    this.#needs = needs
    this.#lines = new Bucket(needs.clock, 1 / 60, linesMax)
    const { clock, requestsPerSecondMax: rate } = needs
    if (rate > 0) this.#requests = new AddressBuckets(clock, rate, rate * burstSeconds)
  }

  /** @returns undefined when the request may go on to its route */
  check(request: IncomingMessage): Answer | undefined {
    const refusal = this.misdirected(request) ?? this.#tooMany(request)
    return refusal && this.refuse(refusal)
  }

  /** The refusal of a Host header that is not allowed; the log says what to do. */
  misdirected(request: IncomingMessage): Refusal | undefined {
    const refusal = this.#needs.admission.misdirected(request)
    if (refusal !== undefined) this.#log(request, refusal)
    return refusal
  }

  /** Why a request may neither open a socket nor change anything. */
  refusal(request: IncomingMessage): Refusal | undefined {
    const refusal = this.#needs.admission.refusal(request)
    if (refusal !== undefined) this.#log(request, refusal)
    return refusal
  }

  #log({ headers }: IncomingMessage, { reason, says }: Refusal): void {
    if (!this.#lines.take()) return
    const [host, origin] = [headers.host, headers.origin].map((one) =>
      one?.slice(0, headerCharactersMax),
    )
    this.#needs.logger.warn({ reason, host, origin }, `a request was refused: ${says}`)
  }

  /** Counts a refusal, and returns its answer. */
  refuse({ reason, status, says, waitMs }: PageRefusal): Answer {
    this.#needs.metrics.refusedHttpRequests.of({ reason }).add()
    const headers = waitMs === undefined ? {} : { 'retry-after': retryAfter(waitMs) }
    return { code: status, body: { error: says }, headers }
  }

  #tooMany(request: IncomingMessage): PageRefusal | undefined {
    const { address } = this.#needs
    if (this.#requests === undefined || probes.has(request.url ?? '')) return undefined
    const from = address.of(request)
    if (this.#requests.take(from)) return undefined
    const waitMs = this.#requests.waitMs(from)
    return { reason: 'rate', status: 429, says: 'Too many requests from this address', waitMs }
  }
}

/** Whole seconds, at least 1. */
export const retryAfter = (waitMs: number): string => String(Math.max(1, Math.ceil(waitMs / 1_000)))
