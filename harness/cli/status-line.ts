/** The status line of a terminal: current phase, time left, failures so far. */
import type { Clock } from '../../relay/world/clock.ts'
import type { Screen } from '../world/command-world.ts'

/** Seconds for a countdown. */
export const inSeconds = (ms: number): string => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`

/** Such as "[2/7]", or "[2]" if the total is not known. */
export const placeOf = ({ index, of }: { index: number; of?: number }): string =>
  of === undefined ? `[${index}]` : `[${index}/${of}]`

const minuteMs = 60_000

/** An estimated time, rounded accordingly. */
export function approximately(ms: number): string {
  if (ms < 1.5 * minuteMs) return `about ${Math.max(1, Math.round(ms / 5_000)) * 5} s`
  return `about ${Math.round(ms / minuteMs)} min`
}

export class StatusLine {
  readonly #clock: Clock
  readonly #screen: Screen
  #place = ''
  #allEndMs = 0
  #phase = ''
  #endMs = 0
  #afterMs = 0
  #counts = ''
  #failed = ''

  constructor(clock: Clock, screen: Screen) {
    this.#clock = clock
    this.#screen = screen
  }

  /** A scenario starts; `leftMs` is the time for it and all later ones. */
  enter(scenario: { index: number; of?: number; leftMs: number }): void {
    this.#place = `${placeOf(scenario)} `
    this.#allEndMs = this.#clock.nowMs() + scenario.leftMs
    this.#phase = 'starting'
    this.#endMs = this.#clock.nowMs()
    this.#afterMs = 0
    this.#counts = ''
  }

  begin(phase: string, ms: number, leftMs: number): void {
    this.#phase = phase
    this.#endMs = this.#clock.nowMs() + ms
    this.#afterMs = leftMs - ms
  }

  count(acked: number, deliveries: number, clients: number): void {
    const [produced, delivered] = [acked, deliveries].map((count) => count.toLocaleString('en'))
    this.#counts = `${produced} produced, ${delivered} delivered to ${clients} clients`
  }

  /** How many findings failed so far. */
  fail(count: number): void {
    this.#failed = `${count} failed`
  }

  draw(): void {
    if (!this.#screen.isTerminal || this.#phase === '') return
    const parts = [this.#now(), this.#left(), this.#failed, this.#counts]
    const text = this.#place + parts.filter((part) => part !== '').join(' · ')
    this.#screen.write(`\r\u001b[2K${text.slice(0, this.#screen.columns - 1)}`)
  }

  clear(): void {
    if (this.#screen.isTerminal) this.#screen.write('\r\u001b[2K')
  }

  /** After the last phase a run settles, stops and is judged, which takes an unknown time. */
  #now(): string {
    const inPhaseMs = this.#endMs - this.#clock.nowMs()
    if (inPhaseMs > 0) return `${this.#phase} ${inSeconds(inPhaseMs)}`
    return this.#afterMs > 0 || this.#phase === 'starting' ? this.#phase : 'settling and judging'
  }

  #left(): string {
    const nowMs = this.#clock.nowMs()
    const scenarioMs = Math.max(this.#endMs - nowMs, 0) + this.#afterMs
    const scenario = scenarioMs > 0 ? `scenario ${inSeconds(scenarioMs)}` : ''
    const all = this.#allEndMs === 0 ? '' : `all ${approximately(this.#allEndMs - nowMs)}`
    return [scenario, all].filter((part) => part !== '').join(', ') + ' left'
  }
}
