/** Commits: what the group has committed, and when the relay commits what. */
import type { Logger } from '../adapters/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { OffsetPolicy } from './seam.ts'

/**
 * What a group has committed, during one assignment. While a partition was revoked, another member
 * may have read further than this relay, and a commit of ours must not move that back: the next
 * member would read those records again.
 */
export class Commits {
  readonly #ask: () => Promise<ReadonlyMap<number, bigint>>
  #known: Map<number, bigint> | undefined

  /** @param ask reads what the group has committed; called again only after a failure */
  constructor(ask: () => Promise<ReadonlyMap<number, bigint>>) {
    this.#ask = ask
  }

  /**
   * The offsets that are ahead of the group's.
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

  /** The group has accepted these. */
  taken(offsets: ReadonlyMap<number, bigint>): void {
    for (const [partition, offset] of offsets) this.#known?.set(partition, offset)
  }
}

export interface CommitterNeeds {
  readonly metrics: Metrics
  readonly logger: Logger
  readonly policy: OffsetPolicy
  /** For each assigned partition the offset below which everything is settled. */
  readonly offsets: () => ReadonlyMap<number, bigint>
  /** What the group has committed of these partitions. @throws when it cannot be asked */
  readonly ask: () => Promise<ReadonlyMap<number, bigint>>
  /** @throws when the group did not accept them */
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

  /** A new assignment, or a recreated topic: the group's commits are read again. */
  begin(): void {
    this.#commits = new Commits(this.#needs.ask)
  }

  /** The start of a new group. @throws when the group did not accept it */
  async found(offsets: ReadonlyMap<number, bigint>): Promise<void> {
    for (const [partition, offset] of offsets) this.#begun.set(partition, offset)
    const toCommit = this.#toCommit(offsets)
    if (toCommit.size > 0) await this.#needs.commit(toCommit)
  }

  /** Reading begins here, which is committed at once. */
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
