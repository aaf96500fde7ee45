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

export interface TroubleNeeds {
  readonly clock: Clock
  readonly metrics: Metrics
  /** With Redis's own answer, cut. */
  readonly onRefusal: (refusal: RedisRefusal, answer: string) => void
  /** Nothing is refused any more. */
  readonly onGranted: () => void
  readonly onDown: (why: string) => void
}

const tellEveryMs = 60_000
const answerCharactersMax = 200
/** What may be told between two successes; reasons are few, but libraries word them. */
const downsToldMax = 16

export class RedisTrouble {
  readonly #needs: TroubleNeeds
  readonly #standing = new Map<Operation, RedisRefusal>()
  readonly #toldMs = new Map<RedisRefusal, number>()
  readonly #downsTold = new Set<string>()
  #isToldOf = false

  constructor(needs: TroubleNeeds) {
    this.#needs = needs
  }

  /** The newest of what is refused; undefined when nothing is. */
  get refusal(): RedisRefusal | undefined {
    return [...this.#standing.values()].at(-1)
  }

  refused(operation: Operation, answer: string): void {
    const refusal = refusalOf(answer)
    this.#needs.metrics.redisRefusals.of({ reason: refusal }).add()
    const isNew = ![...this.#standing.values()].includes(refusal)
    this.#standing.delete(operation)
    this.#standing.set(operation, refusal)
    if (isNew) this.#tell(refusal, answer)
  }

  granted(operation: Operation): void {
    if (this.#standing.size === 0) return
    this.#standing.delete(operation)
    const other = vouchesFor[operation]
    const refusal = other && this.#standing.get(other)
    if (refusal !== undefined && isOfServer(refusal)) this.#standing.delete(other!)
    if (this.#standing.size > 0 || !this.#isToldOf) return
    this.#isToldOf = false
    this.#needs.onGranted()
  }

  /** There is no connection; each reason is told once until there is one again. */
  down(why: string): void {
    const told = why.slice(0, answerCharactersMax)
    if (this.#downsTold.has(told) || this.#downsTold.size >= downsToldMax) return
    this.#downsTold.add(told)
    this.#needs.onDown(told)
  }
  up(): void {
    this.#downsTold.clear()
    this.granted('connect')
    this.granted('look')
  }

  #tell(refusal: RedisRefusal, answer: string): void {
    const { clock, onRefusal } = this.#needs
    const nowMs = clock.nowMs()
    const lastMs = this.#toldMs.get(refusal)
    if (lastMs !== undefined && nowMs - lastMs < tellEveryMs) return
    this.#toldMs.set(refusal, nowMs)
    this.#isToldOf = true
    onRefusal(refusal, answer.slice(0, answerCharactersMax))
  }
}
