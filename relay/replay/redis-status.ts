/**
 * What Redis refuses now, and its reports. A refusal lasts until the same operation succeeds again;
 * it is reported once when it begins, and not again within a minute even if it flaps.
 */
import type { Metrics } from '../metrics/metrics.ts'
import { isOfServer, type RedisRefusal, refusalOf } from '../tables/redis-refusals.ts'
import type { Clock } from '../world/clock.ts'

/** The operation, on the connection that writes or on the one that reads. */
export type Operation = 'connect' | 'look' | 'write' | 'probe' | 'read'

/** A successful check of the server also ends server-wide refusals of the other operation. */
const alsoClears: Readonly<Partial<Record<Operation, Operation>>> = { look: 'write', probe: 'read' }

export interface RedisStatusNeeds {
  readonly clock: Clock
  readonly metrics: Metrics
  /** With Redis's own answer, truncated. */
  readonly onRefusal: (refusal: RedisRefusal, answer: string) => void
  /** No operation is refused any more. */
  readonly onGranted: () => void
  readonly onDown: (why: string) => void
}

const reportEveryMs = 60_000
const answerCharactersMax = 200
/** Most reasons reported between two connections; libraries word them. */
const downsReportedMax = 16

export class RedisStatus {
  readonly #needs: RedisStatusNeeds
  readonly #refused = new Map<Operation, RedisRefusal>()
  readonly #reportedMs = new Map<RedisRefusal, number>()
  readonly #downsReported = new Set<string>()
  #isReported = false

  constructor(needs: RedisStatusNeeds) {
    this.#needs = needs
  }

  /** The newest refusal; undefined when there is none. */
  get refusal(): RedisRefusal | undefined {
    return [...this.#refused.values()].at(-1)
  }

  refused(operation: Operation, answer: string): void {
    const refusal = refusalOf(answer)
    this.#needs.metrics.redisRefusals.of({ reason: refusal }).add()
    const isNew = ![...this.#refused.values()].includes(refusal)
    this.#refused.delete(operation)
    this.#refused.set(operation, refusal)
    if (isNew) this.#report(refusal, answer)
  }

  granted(operation: Operation): void {
    if (this.#refused.size === 0) return
    this.#refused.delete(operation)
    const other = alsoClears[operation]
    const refusal = other && this.#refused.get(other)
    if (refusal !== undefined && isOfServer(refusal)) this.#refused.delete(other!)
    if (this.#refused.size > 0 || !this.#isReported) return
    this.#isReported = false
    this.#needs.onGranted()
  }

  /** There is no connection; each reason is reported once until there is one again. */
  down(why: string): void {
    const text = why.slice(0, answerCharactersMax)
    if (this.#downsReported.has(text) || this.#downsReported.size >= downsReportedMax) return
    this.#downsReported.add(text)
    this.#needs.onDown(text)
  }
  up(): void {
    this.#downsReported.clear()
    this.granted('connect')
    this.granted('look')
  }

  #report(refusal: RedisRefusal, answer: string): void {
    const { clock, onRefusal } = this.#needs
    const nowMs = clock.nowMs()
    const lastMs = this.#reportedMs.get(refusal)
    if (lastMs !== undefined && nowMs - lastMs < reportEveryMs) return
    this.#reportedMs.set(refusal, nowMs)
    this.#isReported = true
    onRefusal(refusal, answer.slice(0, answerCharactersMax))
  }
}
