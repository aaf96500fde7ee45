/**
 * What people see while a run goes on. On a terminal one line at the bottom is kept current; in CI
 * every step is a line of its own, so that a log can be read afterwards.
 */
import { styleText } from 'node:util'
import type { Clock } from '../../relay/world/clock.ts'
import type { Verdict } from '../checkers/checker.ts'
import type { Progress, Report } from '../conductor/progress.ts'
import type { Screen } from '../world/command-world.ts'

export interface Console {
  readonly report: Report
  /** Prints a line of its own. */
  line(text: string): void
  /** Takes the status line away. */
  close(): void
}

const shown = {
  pass: ['green', 'PASS'],
  fail: ['red', 'FAIL'],
  unknown: ['yellow', 'UNKNOWN'],
  'not-applicable': ['dim', 'N/A'],
} as const

/** A verdict as people see it. */
export function sayVerdict(screen: Screen, verdict: Verdict): string {
  const [colour, word] = shown[verdict]
  return paint(screen, colour, word.padEnd(7))
}

export function paint(screen: Screen, format: 'green' | 'red' | 'yellow' | 'dim', text: string) {
  return screen.isTerminal ? styleText(format, text) : text
}

export function openConsole(clock: Clock, screen: Screen): Console {
  const status = new StatusLine(clock, screen)
  const said = new Map<string, string>()
  const line = (text: string) => {
    status.clear()
    screen.write(`${text}\n`)
    status.draw()
  }
  const timer = screen.isTerminal ? clock.every(250, () => status.draw()) : undefined
  return {
    line,
    report: (progress) => tell(progress, { line, status, screen, said }),
    close() {
      timer?.cancel()
      status.clear()
    },
  }
}

interface Telling {
  readonly line: (text: string) => void
  readonly status: StatusLine
  readonly screen: Screen
  /** Sentences of this scenario's verdicts, and the finding that each was said of first. */
  readonly said: Map<string, string>
}

function tell(progress: Progress, telling: Telling) {
  const { line, status, screen: to, said } = telling
  switch (progress.at) {
    case 'step':
      return line(paint(to, 'dim', plain(progress.says)))
    case 'scenario':
      said.clear()
      line(`\n[${progress.index}/${progress.of}] ${progress.name}`)
      return line(`      ${progress.claim}`)
    case 'phase':
      status.begin(progress.name, progress.ms, progress.leftMs)
      return to.isTerminal ? undefined : line(`      · ${progress.name} (${say(progress.ms)})`)
    case 'counts':
      return status.count(progress.acked, progress.deliveries, progress.clients)
    case 'fault':
      return line(paint(to, 'dim', `      ${steps[progress.step]} ${plain(progress.says)}`))
    case 'verdict':
      return tellVerdict(progress, telling)
  }
}

/** What was said of one finding is not said again of the next: one cause, one sentence. */
function tellVerdict(progress: Extract<Progress, { at: 'verdict' }>, telling: Telling): void {
  const { verdict, finding, why, fix } = progress
  const { line, screen, said } = telling
  const key = `${verdict} ${why}`
  const first = verdict === 'pass' ? undefined : said.get(key)
  if (first === undefined) said.set(key, finding)
  const says = first === undefined ? plain(why) : `as ${first}`
  line(`      ${sayVerdict(screen, verdict)} ${finding.padEnd(8)} ${says}`)
  if (fix !== undefined && first === undefined) line(`                       fix: ${plain(fix)}`)
}

/** A target's own words reach the screen; they must not be able to steer a terminal. */
// oxlint-disable-next-line no-control-regex -- those are the characters meant
const plain = (text: string) => text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?')

const steps = {
  inject: 'breaks:',
  bites: 'bites: ',
  toothless: 'DID NOT BITE:',
  heal: 'healed:',
  failed: 'FAILED:',
} as const

const say = (ms: number) => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`

/** The one line that is overwritten. */
class StatusLine {
  readonly #clock: Clock
  readonly #screen: Screen
  #phase = ''
  #endMs = 0
  #afterMs = 0
  #counts = ''

  constructor(clock: Clock, screen: Screen) {
    this.#clock = clock
    this.#screen = screen
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

  draw(): void {
    if (!this.#screen.isTerminal || this.#phase === '') return
    const inPhaseMs = Math.max(this.#endMs - this.#clock.nowMs(), 0)
    const left = `${say(inPhaseMs)} here, ${say(inPhaseMs + this.#afterMs)} in all`
    const text = `      ${this.#phase} · ${left} · ${this.#counts}`
    this.#screen.write(`\r\u001b[2K${text.slice(0, this.#screen.columns - 1)}`)
  }

  clear(): void {
    if (this.#screen.isTerminal) this.#screen.write('\r\u001b[2K')
  }
}
