/**
 * The memory budget: one account of all bytes that grow with what others send or do not read, in
 * shares that each have a limit. Some shares bound themselves, by dropping the oldest, and are only
 * read here. Of the others, bytes are taken before they are used and given back after: what cannot
 * be had is waited for, or refused.
 */
import { isElastic, type ShareName, shareNames, shareRows } from '../tables/memory-shares.ts'
import type { Settings } from '../tables/settings.ts'
import type { Clock } from '../world/clock.ts'
import { DeadlineError, withDeadline } from '../world/deadline.ts'

interface Waiting {
  readonly bytes: number
  readonly grant: () => void
}

/** The bytes of one purpose. */
export class Share {
  readonly limitBytes: number
  /** Whether it must not use what others have left nothing of. */
  readonly isElastic: boolean
  readonly #ledger: Ledger
  readonly #waiting = new Set<Waiting>()
  #takenBytes = 0
  #read: (() => number) | undefined
  /** Times that bytes were refused. */
  refusals = 0

  constructor(ledger: Ledger, limitBytes: number, isOfElastic: boolean) {
    this.#ledger = ledger
    this.limitBytes = limitBytes
    this.isElastic = isOfElastic
  }

  get usedBytes(): number {
    return this.#takenBytes + (this.#read?.() ?? 0)
  }
  /** By how much it is beyond its limit, or the whole because of it; at most 0 if neither. */
  get excessBytes(): number {
    return Math.max(this.usedBytes - this.limitBytes, this.#ledger.excessOf(this))
  }

  /** Makes it tell what somebody counts who bounds it as well. */
  from(read: () => number): void {
    this.#read = read
  }

  /** Counts bytes that are there already, or are gone. Whoever adds keeps the share in bounds. */
  add(bytes: number): void {
    this.#takenBytes += bytes
    if (bytes < 0) this.#ledger.settle()
  }

  /** Takes bytes if they are there. */
  take(bytes: number): boolean {
    const isTaken = this.#waiting.size === 0 && this.#hasRoom(bytes)
    if (isTaken) this.#takenBytes += bytes
    else this.refusals += 1
    return isTaken
  }

  give(bytes: number): void {
    this.add(-bytes)
  }

  /** Takes bytes when it is their turn, in the order of asking; `false` if that takes too long. */
  async wait(bytes: number, clock: Clock, limitMs: number): Promise<boolean> {
    if (this.#waiting.size === 0 && this.#hasRoom(bytes)) {
      this.#takenBytes += bytes
      return true
    }
    const turn = Promise.withResolvers<void>()
    const one = { bytes, grant: turn.resolve }
    this.#waiting.add(one)
    this.#ledger.waiting += 1
    try {
      await withDeadline(clock, limitMs, 'memory for a replay', () => turn.promise)
      return true
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error
      // They may have been granted in the moment in which the time was over.
      if (!this.#waiting.delete(one)) return true
      this.refusals += 1
      this.settle()
      return false
    } finally {
      this.#ledger.waiting -= 1
    }
  }

  /** Grants what waits and fits. */
  settle(): void {
    for (const one of this.#waiting) {
      if (!this.#hasRoom(one.bytes)) return
      this.#waiting.delete(one)
      this.#takenBytes += one.bytes
      one.grant()
    }
  }

  /** What alone is more than the share passes when nobody else holds any of it. */
  #hasRoom(bytes: number): boolean {
    const used = this.usedBytes
    return used === 0 || (used + bytes <= this.limitBytes && this.#ledger.hasRoom(bytes))
  }
}

/** What all replays together may hold for their clients; bytes are taken before they are read. */
export type ReplayPages = Pick<Share, 'wait' | 'give'>

export class Ledger {
  readonly limitBytes: number
  /** How many wait for bytes, of whatever share. */
  waiting = 0
  readonly #shares: ReadonlyMap<ShareName, Share>

  constructor(settings: Pick<Settings, (typeof shareRows)[ShareName]['limit'] | 'memoryBytesMax'>) {
    const limitOf = (name: ShareName) => settings[shareRows[name].limit]
    const shareOf = (name: ShareName) => new Share(this, limitOf(name), isElastic(name))
    this.#shares = new Map(shareNames.map((name) => [name, shareOf(name)]))
    const sum = shareNames.reduce((bytes, name) => bytes + limitOf(name), 0)
    this.limitBytes = settings.memoryBytesMax === 0 ? sum : settings.memoryBytesMax
  }

  get usedBytes(): number {
    let bytes = 0
    for (const share of this.#shares.values()) bytes += share.usedBytes
    return bytes
  }

  share(name: ShareName): Share {
    return this.#shares.get(name)!
  }

  /** A number of each share, for the metrics. */
  tell(what: 'usedBytes' | 'limitBytes'): ReadonlyMap<ShareName, number> {
    return new Map(Array.from(this.#shares, ([name, share]) => [name, share[what]]))
  }

  hasRoom(bytes: number): boolean {
    return this.usedBytes + bytes <= this.limitBytes
  }

  /** What is beyond the whole is the matter of the elastic share that uses most. */
  excessOf(share: Share): number {
    const excess = share.isElastic ? this.usedBytes - this.limitBytes : 0
    if (excess <= 0) return 0
    const elastic = Array.from(this.#shares.values()).filter((one) => one.isElastic)
    const most = Math.max(...elastic.map(({ usedBytes }) => usedBytes))
    return share.usedBytes === most ? excess : 0
  }

  /** Looks whether what waits can be had by now. */
  settle(): void {
    if (this.waiting === 0) return
    for (const share of this.#shares.values()) share.settle()
  }
}
