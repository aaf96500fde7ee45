/**
 * What Redis refuses now, and who is told. A refusal stands until the same is granted again; it is
 * told once when it begins, and not again within a minute however often it comes and goes.
 */
import type { Metrics } from '../metrics/metrics.ts'
import { isOfServer, type RedisRefusal, refusalOf } from '../tables/redis-refusals.ts'
import type { Clock } from '../world/clock.ts'

/** What was asked, on the connection that writes or on the one that reads. */
export type Operation = 'connect' | 'look' | 'write' | 'probe' | 'read'

/** Whether the server is the right one is asked all the time; who is granted that, vouches. */
const vouchesFor: Readonly<Partial<Record<Operation, Operation>>> = { look: 'write', probe: 'read' }

export interface RedisStatusNeeds {
  readonly clock: Clock
  readonly metrics: Metrics
  /** With Redis's own answer, cut. */
  readonly onRefusal: (refusal: RedisRefusal, answer: string) => void
  /** Nothing is refused any more. */
  readonly onGranted: () => void
  readonly onDown: (why: string) => void
}

const reportEveryMs = 60_000
const answerCharactersMax = 200
/** What may be told between two successes; reasons are few, but libraries word them. */
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

  /** The newest of what is refused; undefined when nothing is. */
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
    const other = vouchesFor[operation]
    const refusal = other && this.#refused.get(other)
    if (refusal !== undefined && isOfServer(refusal)) this.#refused.delete(other!)
    if (this.#refused.size > 0 || !this.#isReported) return
    this.#isReported = false
    this.#needs.onGranted()
  }

  /** There is no connection; each reason is told once until there is one again. */
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
