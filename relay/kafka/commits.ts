/** Commits: what the group has taken, and when it is told what. */
import type { Logger } from '../adapters/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { OffsetPolicy } from './seam.ts'

/**
 * What a group has committed, as one assignment knows it. While a partition was away, another
 * member may have gone further than we have, and a commit of ours must not take that back: whoever
 * came next would get those records twice.
 */
export class Commits {
  readonly #ask: () => Promise<ReadonlyMap<number, bigint>>
  #known: Map<number, bigint> | undefined

  /** @param ask what the group has committed by now; asked again only when that failed */
  constructor(ask: () => Promise<ReadonlyMap<number, bigint>>) {
    this.#ask = ask
  }

  /**
   * Those of the offsets that are ahead of the group's.
   *
   * @throws when the group could not be asked
   */
  async ahead(offsets: ReadonlyMap<number, bigint>): Promise<Map<number, bigint>> {
    if (offsets.size === 0) return new Map()
    const known = (this.#known ??= new Map(await this.#ask()))
    const isAhead = ([partition, offset]: readonly [number, bigint]) =>
      offset > (known.get(partition) ?? -1n)
    return new Map(Array.from(offsets).filter(isAhead))
  }

  /** The group took these. */
  taken(offsets: ReadonlyMap<number, bigint>): void {
    for (const [partition, offset] of offsets) this.#known?.set(partition, offset)
  }
}

export interface CommitterNeeds {
  readonly metrics: Metrics
  readonly logger: Logger
  readonly policy: OffsetPolicy
  /** For each partition of ours the offset below which everything is settled. */
  readonly offsets: () => ReadonlyMap<number, bigint>
  /** What the group has committed of our partitions. @throws when it cannot be asked */
  readonly ask: () => Promise<ReadonlyMap<number, bigint>>
  /** @throws when the group did not take them */
  readonly commit: (offsets: ReadonlyMap<number, bigint>) => Promise<void>
}

/** Commits what has changed, one commit at a time. */
export class Committer {
  readonly #needs: CommitterNeeds
  /** Of this assignment. */
  #commits: Commits
  /** Where this process began to read. */
  readonly #begun = new Map<number, bigint>()
  #last: Promise<void> = Promise.resolve()
  #isDue = false

  constructor(needs: CommitterNeeds) {
    this.#needs = needs
    this.#commits = new Commits(needs.ask)
  }

  /** What the group has is of another assignment, or of other logs: it is asked anew. */
  begin(): void {
    this.#commits = new Commits(this.#needs.ask)
  }

  /** A group that is new begins here. @throws when it did not take that */
  async found(offsets: ReadonlyMap<number, bigint>): Promise<void> {
    for (const [partition, offset] of offsets) this.#begun.set(partition, offset)
    const toCommit = this.#toCommit(offsets)
    if (toCommit.size > 0) await this.#needs.commit(toCommit)
  }

  /** Reading begins here, which the group learns at once. */
  begun(offsets: ReadonlyMap<number, bigint>): void {
    for (const [partition, offset] of offsets) this.#begun.set(partition, offset)
    void this.now()
  }

  /** On the timer: skipped while the last one has not been answered, so that none pile up. */
  due(): void {
    if (this.#isDue) return
    this.#isDue = true
    void this.now().finally(() => (this.#isDue = false))
  }

  /** Settles when it was answered; never throws. */
  now(): Promise<void> {
    return (this.#last = this.#last.then(() => this.#commit()))
  }

  /** A failure is counted; the next commit covers it. */
  async #commit(): Promise<void> {
    const { commit, logger, metrics, offsets } = this.#needs
    try {
      const commits = this.#commits
      const ahead = await commits.ahead(this.#toCommit(offsets()))
      if (ahead.size === 0 || commits !== this.#commits) return
      await commit(ahead)
      commits.taken(ahead)
      metrics.commits.add()
    } catch (error) {
      metrics.commitFailures.add()
      logger.warn({ err: error }, 'offsets could not be committed')
    }
  }

  #toCommit(offsets: ReadonlyMap<number, bigint>): Map<number, bigint> {
    const allowed = new Map<number, bigint>()
    for (const [partition, next] of offsets) {
      const offset = this.#needs.policy.toCommit(next, this.#begun.get(partition))
      if (offset !== undefined) allowed.set(partition, offset)
    }
    return allowed
  }
}
