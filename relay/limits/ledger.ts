/**
 * The memory budget: one account of all bytes that grow with what clients and producers send, or
 * clients do not read, in shares with a limit each. Some shares bound themselves, by dropping the
 * oldest, and are only read here. For the others, bytes are taken before they are used and given
 * back after; where none are left, the caller waits or is refused.
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
  /** Whether it must stop growing when the whole budget is used up. */
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
  /** Bytes above its own limit, or above the whole budget because of it; at most 0 if neither. */
  get excessBytes(): number {
    return Math.max(this.usedBytes - this.limitBytes, this.#ledger.excessOf(this))
  }

  /** Reads the bytes from a source that also bounds them. */
  from(read: () => number): void {
    this.#read = read
  }

  /** Counts bytes that are in use already, or are freed. The caller keeps the share in bounds. */
  add(bytes: number): void {
    this.#takenBytes += bytes
    if (bytes < 0) this.#ledger.settle()
  }

  /** Takes bytes if they are available. */
  take(bytes: number): boolean {
    const isTaken = this.#waiting.size === 0 && this.#fits(bytes)
    if (isTaken) this.#takenBytes += bytes
    else this.refusals += 1
    return isTaken
  }

  give(bytes: number): void {
    this.add(-bytes)
  }

  /** Waits for bytes, in the order of requests; `false` if that takes too long. */
  async wait(bytes: number, clock: Clock, limitMs: number): Promise<boolean> {
    if (this.#waiting.size === 0 && this.#fits(bytes)) {
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
      // They may have been granted at the very deadline.
      if (!this.#waiting.delete(one)) return true
      this.refusals += 1
      this.settle()
      return false
    } finally {
      this.#ledger.waiting -= 1
    }
  }

  /** Grants waiting requests that fit. */
  settle(): void {
    for (const one of this.#waiting) {
      if (!this.#fits(one.bytes)) return
      this.#waiting.delete(one)
      this.#takenBytes += one.bytes
      one.grant()
    }
  }

  /** A request larger than the share fits when no other bytes of it are in use. */
  #fits(bytes: number): boolean {
    const used = this.usedBytes
    return used === 0 || (used + bytes <= this.limitBytes && this.#ledger.fits(bytes))
  }
}

/** Memory for the pages of all replays; bytes are taken before they are read. */
export type ReplayPages = Pick<Share, 'wait' | 'give'>

export class Ledger {
  readonly limitBytes: number
  /** Number of requests that wait for bytes of any share. */
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

  /** One number of each share, for the metrics. */
  byShare(what: 'usedBytes' | 'limitBytes'): ReadonlyMap<ShareName, number> {
    return new Map(Array.from(this.#shares, ([name, share]) => [name, share[what]]))
  }

  fits(bytes: number): boolean {
    return this.usedBytes + bytes <= this.limitBytes
  }

  /** Bytes above the whole budget count against the elastic share that uses most. */
  excessOf(share: Share): number {
    const excess = share.isElastic ? this.usedBytes - this.limitBytes : 0
    if (excess <= 0) return 0
    const elastic = Array.from(this.#shares.values()).filter((one) => one.isElastic)
    const most = Math.max(...elastic.map(({ usedBytes }) => usedBytes))
    return share.usedBytes === most ? excess : 0
  }

  /** Checks whether waiting requests fit by now. */
  settle(): void {
    if (this.waiting === 0) return
    for (const share of this.#shares.values()) share.settle()
  }
}
