/**
 * Which partitions are fetched. kafkajs fetches again when it was told that all batches of a fetch
 * are done, so one batch that waits, for clients to keep up or for a large record to be judged,
 * would hold up every partition. It steps aside instead: its partition is paused, the fetches go on
 * without it, and it is read on behind the batch once that is taken.
 *
 * What stands aside is bounded in bytes. A batch for which there is no room, or beside which there
 * would be nothing to fetch, is waited for until another one that stands aside is done.
 */
import { recordBytes } from './batches/allowance.ts'
import { type Fetched, leaveAnswer } from './batches/fetched.ts'

/** What is asked of the client. */
export interface Fetches {
  pause(partition: number): void
  resume(partitions: readonly number[]): void
}

/** A batch that is being taken. */
export class Passing {
  readonly fetched: Fetched
  readonly bytes: number
  readonly #aside = Promise.withResolvers<void>()
  /** Whether it takes long. */
  isLate = false
  isAside = false
  /** Its partition is read from elsewhere, or by somebody else. */
  isVoid = false

  constructor(fetched: Fetched) {
    this.fetched = fetched
    this.bytes = fetched.bytes + fetched.records.length * recordBytes
  }

  get partition(): number {
    return this.fetched.partition
  }

  /** Settles when the fetches go on without it. */
  get aside(): Promise<void> {
    return this.#aside.promise
  }

  stepAside(): void {
    this.isAside = true
    leaveAnswer(this.fetched)
    this.#aside.resolve()
  }
}

export class Asides {
  readonly #fetches: Fetches
  readonly #bytesMax: number
  readonly #underWay = new Map<number, Passing>()
  #partitions: readonly number[] = []
  /** Those that are not read until someone says so. */
  readonly #stopped = new Set<number>()
  /** Of all batches that stand aside, void ones too: they are there until they are done. */
  bytes = 0

  constructor(fetches: Fetches, bytesMax: number) {
    this.#fetches = fetches
    this.#bytesMax = bytesMax
  }

  /** These partitions are ours now; what is under way is void. All of them are read. */
  assigned(partitions: readonly number[]): void {
    this.void()
    this.#stopped.clear()
    this.#partitions = partitions
  }

  /** What is under way is done by somebody else, or again. */
  void(): void {
    for (const one of this.#underWay.values()) one.isVoid = true
    this.#underWay.clear()
  }

  /** A partition is not to be read until `resume`. */
  stop(partition: number): void {
    this.#stopped.add(partition)
    this.#fetches.pause(partition)
  }

  /** Reads these on that were stopped, or that are read from elsewhere now. */
  resume(partitions: readonly number[], isElsewhere: boolean): void {
    for (const partition of partitions) {
      this.#stopped.delete(partition)
      if (isElsewhere) this.#forget(partition)
    }
    const isFree = (partition: number) => this.#underWay.get(partition)?.isAside !== true
    const free = partitions.filter(isFree)
    if (free.length > 0) this.#fetches.resume(free)
    this.#look()
  }

  begin(fetched: Fetched): Passing {
    const one = new Passing(fetched)
    this.#underWay.set(one.partition, one)
    return one
  }

  /** It takes long: as soon as that is possible, the others go on without it. */
  late(one: Passing): void {
    one.isLate = true
    this.#look()
  }

  /** It is done, or was given up. */
  end(one: Passing): void {
    if (one.isAside) this.bytes -= one.bytes
    if (!one.isVoid) {
      this.#underWay.delete(one.partition)
      const isRead = one.isAside && !this.#stopped.has(one.partition)
      if (isRead) this.#fetches.resume([one.partition])
    }
    this.#look()
  }

  #forget(partition: number): void {
    const one = this.#underWay.get(partition)
    if (one === undefined) return
    one.isVoid = true
    this.#underWay.delete(partition)
  }

  #look(): void {
    for (const one of this.#underWay.values()) {
      if (!one.isLate || one.isAside || !this.#hasRoom(one) || this.#isAlone(one)) continue
      this.bytes += one.bytes
      this.#fetches.pause(one.partition)
      one.stepAside()
    }
  }

  /** What alone is more than there may be passes when nothing else stands aside. */
  #hasRoom({ bytes }: Passing): boolean {
    return this.bytes === 0 || this.bytes + bytes <= this.#bytesMax
  }

  /** Without anything to fetch the library would sleep, and what comes free would wait for it. */
  #isAlone({ partition }: Passing): boolean {
    return this.#partitions.every((other) => {
      const isAside = this.#underWay.get(other)?.isAside === true
      return other === partition || this.#stopped.has(other) || isAside
    })
  }
}
