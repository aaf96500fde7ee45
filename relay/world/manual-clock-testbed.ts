/** A clock that the test moves, so that every rule about time is tested exactly and at once. */
import type { Clock, Timer } from './clock.ts'

interface Alarm {
  readonly atMs: number
  readonly work: () => void
}

export class ManualClock implements Clock {
  readonly #alarms = new Set<Alarm>()
  #nowMs: number
  /** Added to the monotonic time to get the wall clock; a test may let it jump. */
  unixOffsetMs = 1_700_000_000_000

  constructor(nowMs = 0) {
    this.#nowMs = nowMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  unixMs(): number {
    return this.#nowMs + this.unixOffsetMs
  }

  after(ms: number, work: () => void): Timer {
    const alarm = { atMs: this.#nowMs + ms, work }
    this.#alarms.add(alarm)
    return { cancel: () => this.#alarms.delete(alarm) }
  }

  every(ms: number, work: () => void): Timer {
    const again = (): void => {
      timer = this.after(ms, again)
      work()
    }
    let timer = this.after(ms, again)
    return { cancel: () => timer.cancel() }
  }

  /** Moves the time and runs what falls due on the way, each at its own moment. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (let next = this.#due(endMs); next !== undefined; next = this.#due(endMs)) {
      this.#alarms.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.work()
    }
    this.#nowMs = endMs
  }

  /** Like `advance`, in steps, letting promises settle in between. */
  async pass(ms: number, stepMs = ms): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.advance(Math.min(stepMs, ms - passed))
      await settled()
    }
  }

  /** Timers that are pending. */
  get pending(): number {
    return this.#alarms.size
  }

  #due(endMs: number): Alarm | undefined {
    let first: Alarm | undefined
    for (const alarm of this.#alarms) {
      if (alarm.atMs <= endMs && (first === undefined || alarm.atMs < first.atMs)) first = alarm
    }
    return first
  }
}

/** Resolves when everything that waits on settled promises only has run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
