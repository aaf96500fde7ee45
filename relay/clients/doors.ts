/**
 * What stands before every page of the relay: each request is to be meant for it, and no address
 * may ask for more than its share. Whoever asks only whether it lives is always answered.
 */
import type { IncomingMessage } from 'node:http'
import type { Answer } from '../adapters/answer.ts'
import type { Logger } from '../adapters/logger.ts'
import { AddressBuckets } from '../limits/address-buckets.ts'
import { Bucket } from '../limits/bucket.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Admission, ClientAddress, Refusal } from '../limits/seam.ts'
import type { Clock } from '../world/clock.ts'

export interface DoorsNeeds {
  readonly admission: Admission
  readonly address: ClientAddress
  readonly metrics: Metrics
  readonly clock: Clock
  readonly logger: Pick<Logger, 'warn'>
  /** Requests a second of one address; 0 is no limit. */
  readonly requestsPerSecondMax: number
}

type PageRefusal = Omit<Refusal, 'reason'> & { readonly reason: Refusal['reason'] | 'rate' }

/** Seconds of its rate that an address may ask for at once. */
const burstSeconds = 10
/** Lines about whom was refused: so many at once, and one more with each minute. */
const linesMax = 3
/** Of what a request says of itself, in a line. */
const saidMax = 255
/** They cost next to nothing, and an orchestrator that gets no answer ends the relay. */
const probes = new Set(['/livez', '/readyz'])

export class Doors {
  readonly #needs: DoorsNeeds
  readonly #asked: AddressBuckets | undefined
  readonly #lines: Bucket

  constructor(needs: DoorsNeeds) {
    this.#needs = needs
    this.#lines = new Bucket(needs.clock, 1 / 60, linesMax)
    const { clock, requestsPerSecondMax: rate } = needs
    if (rate > 0) this.#asked = new AddressBuckets(clock, rate, rate * burstSeconds)
  }

  /** @returns undefined when the request may go on to its page */
  guard(request: IncomingMessage): Answer | undefined {
    const refusal = this.misdirected(request) ?? this.#tooMany(request)
    return refusal && this.refuse(refusal)
  }

  /** Whoever scrapes by a name that was not allowed sees a number; the log says what to do. */
  misdirected(request: IncomingMessage): Refusal | undefined {
    const refusal = this.#needs.admission.misdirected(request)
    if (refusal !== undefined) this.#tell(request, refusal)
    return refusal
  }

  /** Why a request may open no socket and change nothing. */
  refusal(request: IncomingMessage): Refusal | undefined {
    const refusal = this.#needs.admission.refusal(request)
    if (refusal !== undefined) this.#tell(request, refusal)
    return refusal
  }

  #tell({ headers }: IncomingMessage, { reason, says }: Refusal): void {
    if (!this.#lines.take()) return
    const [host, origin] = [headers.host, headers.origin].map((one) => one?.slice(0, saidMax))
    this.#needs.logger.warn({ reason, host, origin }, `a request was refused: ${says}`)
  }

  /** Counts a refusal, and says it. */
  refuse({ reason, status, says, waitMs }: PageRefusal): Answer {
    this.#needs.metrics.refusedHttpRequests.of({ reason }).add()
    const headers = waitMs === undefined ? {} : { 'retry-after': retryAfter(waitMs) }
    return { code: status, body: { error: says }, headers }
  }

  #tooMany(request: IncomingMessage): PageRefusal | undefined {
    const { address } = this.#needs
    if (this.#asked === undefined || probes.has(request.url ?? '')) return undefined
    const from = address.of(request)
    if (this.#asked.take(from)) return undefined
    const waitMs = this.#asked.waitMs(from)
    return { reason: 'rate', status: 429, says: 'Too many requests from this address', waitMs }
  }
}

/** Whole seconds, and never none. */
export const retryAfter = (waitMs: number): string => String(Math.max(1, Math.ceil(waitMs / 1_000)))
