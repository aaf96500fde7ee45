/**
 * The way into the queue. Load that finds no room is dropped; what a stimulus asks for is not, it
 * waits its turn. Records are numbered in the order in which they found room.
 */
import { sleep, type Clock } from '../../relay/world/clock.ts'
import type { Pump } from './pump.ts'
import type { OutgoingQueue, Prepared } from './queue.ts'

export interface Intake {
  /** Takes a record that was due at `dueMs`, or says that there is no room. */
  offer(record: Prepared, dueMs: number): boolean
  /** Takes records in order, waiting for room; settles when all were acknowledged or given up. */
  force(records: readonly Prepared[]): Promise<void>
  /** Waits until the queue has room for a record of `bytes`. */
  room(bytes: number): Promise<void>
  /** Records that were forced so far. */
  readonly forced: number
}

const waitMs = 2

export function openIntake(clock: Clock, queue: OutgoingQueue, pump: Pump): Intake {
  let number = 0
  let forced = 0
  const offer = (record: Prepared, dueMs: number, settled?: () => void) => {
    const isTaken = queue.offer({ ...record, number, dueMs, ...(settled ? { settled } : {}) })
    if (isTaken) number += 1
    return isTaken
  }
  return {
    offer: (record, dueMs) => offer(record, dueMs),
    async force(records) {
      const outcomes: Promise<void>[] = []
      for (const record of records) {
        const { promise, resolve } = Promise.withResolvers<void>()
        while (!offer(record, clock.nowMs(), resolve)) await sleep(clock, waitMs)
        outcomes.push(promise)
        forced += 1
        pump.wake()
      }
      await Promise.all(outcomes)
    },
    async room(bytes) {
      while (!queue.hasRoom(bytes)) await sleep(clock, waitMs)
    },
    get forced() {
      return forced
    },
  }
}
