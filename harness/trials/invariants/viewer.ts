/**
 * Viewers: clients as users have them, which come back with their cursors after whatever ended
 * their last connection. What they do on purpose (leave, vanish, stutter) follows from the dice.
 */
import { sleep, type Clock } from '../../../relay/world/clock.ts'
import type { Dice } from '../../world/dice.ts'
import type { Client } from '../../wire/relay-client.ts'
import { Sitting, type Seen } from './sitting.ts'

/** `stays` until it is put out, `hops` from connection to connection, `stutters` while reading. */
export type Habit = 'stays' | 'hops' | 'stutters'

const retryMs = 100
const hopMsMax = 2_500
const stutterMsMax = 1_500

export class Viewer {
  readonly name: string
  readonly habit: Habit
  readonly sittings: Sitting[] = []
  readonly #clock: Clock
  readonly #dice: Dice
  readonly #address: string
  readonly #over = new AbortController()
  readonly #cursors: Map<number, bigint>
  #epoch: string | undefined
  #done: Promise<void> = Promise.resolve()

  /** @param cursors what it says from the start that it has; without them it just listens first */
  constructor(
    clock: Clock,
    dice: Dice,
    name: string,
    habit: Habit,
    address: string,
    cursors: ReadonlyMap<number, bigint> = new Map(),
  ) {
    this.name = name
    this.habit = habit
    this.#clock = clock
    this.#dice = dice
    this.#address = address
    this.#cursors = new Map(cursors)
  }

  start(): void {
    this.#done = this.#live()
  }

  /** The connection that it has now. */
  get sitting(): Sitting | undefined {
    const last = this.sittings.at(-1)
    return last?.client.isEnded === false ? last : undefined
  }

  /** Whether it has everything up to these ends, or was told that it does not get it. */
  hasReached(ends: ReadonlyMap<number, bigint>, isGood: IsGood): boolean {
    for (const [partition, end] of ends) {
      let last = end - 1n
      while (last >= 0n && !isGood(partition, last)) last -= 1n
      if ((this.#reached.get(partition) ?? -1n) < last) return false
    }
    return true
  }
  readonly #reached = new Map<number, bigint>()

  /** From now on it stays where it is, so that it can be asked for everything. */
  calm(): void {
    this.#over.abort()
    this.sitting?.client.read()
  }

  /** Ends its connection, and waits until it is gone. */
  async leave(): Promise<void> {
    this.#isLeaving = true
    this.calm()
    this.sitting?.client.end()
    await this.#done
  }
  #isLeaving = false

  async #live(): Promise<void> {
    while (!this.#isLeaving) {
      const sitting = new Sitting(this.#clock, this.name, this.#address)
      if (!(await sitting.client.opened)) {
        await sleep(this.#clock, retryMs)
        continue
      }
      this.sittings.push(sitting)
      const isNew = this.sittings.length === 1 && this.#cursors.size === 0
      if (!isNew) sitting.resume(this.#from(), this.#cursors, this.#epoch)
      await Promise.all([this.#follow(sitting), this.#behave(sitting.client)])
    }
  }

  /** Mostly with cursors; whoever starts over forgets them. */
  #from(): 'cursor' | 'earliest' | 'latest' {
    if (this.habit !== 'hops' || this.#dice.int(5) > 0) return 'cursor'
    this.#cursors.clear()
    this.#epoch = undefined
    return this.#dice.pick(['earliest', 'latest'] as const)
  }

  async #follow(sitting: Sitting): Promise<void> {
    for (let at = 0; !sitting.client.isEnded || at < sitting.seen.length; ) {
      while (at < sitting.seen.length) this.#learn(sitting.seen[at++]!)
      this.#epoch = sitting.epoch ?? this.#epoch
      await Promise.race([sitting.client.over, sleep(this.#clock, 20)])
    }
  }

  #learn(seen: Seen): void {
    if (seen.is === 'record') {
      this.#cursors.set(seen.partition, seen.offset)
      this.#reached.set(seen.partition, seen.offset)
    } else if (seen.is === 'gap') this.#reached.set(seen.partition, seen.last)
    else if (seen.is === 'complete') {
      for (const [partition, offset] of seen.last) this.#reached.set(partition, offset)
    }
  }

  async #behave(client: Client): Promise<void> {
    const { signal } = this.#over
    while (!client.isEnded && !signal.aborted && this.habit !== 'stays') {
      const ms = this.#dice.int(this.habit === 'hops' ? hopMsMax : stutterMsMax)
      await Promise.race([client.over, sleep(this.#clock, ms, signal).catch(() => undefined)])
      if (signal.aborted || client.isEnded) return
      if (this.habit === 'hops') return this.#dice.int(2) === 0 ? client.end() : client.reset()
      client.stall()
      await sleep(this.#clock, this.#dice.int(stutterMsMax), signal).catch(() => undefined)
      client.read()
    }
  }
}
type IsGood = (partition: number, offset: bigint) => boolean
