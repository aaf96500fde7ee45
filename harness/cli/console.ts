/**
 * The output during a run. On a terminal one status line is updated; in CI every step is a line of
 * its own, so that the log can be read afterwards.
 */
import { styleText } from 'node:util'
import type { Clock } from '../../relay/world/clock.ts'
import type { Verdict } from '../checkers/checker.ts'
import type { Progress, Report } from '../conductor/progress.ts'
import type { Screen } from '../world/command-world.ts'
import { StatusLine, approximately, inSeconds, placeOf } from './status-line.ts'

export interface Console {
  readonly report: Report
  /** Prints a line of its own. */
  line(text: string): void
  /** Removes the status line. */
  close(): void
}

/** How much is printed: everything, only verdicts other than pass, or nothing. */
export type Detail = 'all' | 'trouble' | 'nothing'

const shown = {
  pass: ['green', 'PASS'],
  fail: ['red', 'FAIL'],
  unknown: ['yellow', 'UNKNOWN'],
  'not-applicable': ['dim', 'N/A'],
} as const

/** A verdict as printed. */
export function sayVerdict(screen: Screen, verdict: Verdict): string {
  const [colour, word] = shown[verdict]
  return paint(screen, colour, word.padEnd(7))
}

export function paint(screen: Screen, format: 'green' | 'red' | 'yellow' | 'dim', text: string) {
  return screen.hasColours ? styleText(format, text, { validateStream: false }) : text
}

export function openConsole(clock: Clock, screen: Screen, detail: Detail = 'all'): Console {
  const isWhole = detail === 'all'
  const status = new StatusLine(clock, screen)
  const line = (text: string) => {
    status.clear()
    screen.write(`${text}\n`)
    status.draw()
  }
  const telling: Telling = { line, status, screen, said: new Map(), failed: new Set() }
  const timer = screen.isTerminal && isWhole ? clock.every(250, () => status.draw()) : undefined
  return {
    line: isWhole ? line : () => undefined,
    report: {
      all: (progress: Progress) => tell(progress, telling),
      trouble: (progress: Progress) => tellTrouble(progress, telling),
      nothing: () => undefined,
    }[detail],
    close() {
      timer?.cancel()
      if (isWhole) status.clear()
    },
  }
}

interface Telling {
  readonly line: (text: string) => void
  readonly status: StatusLine
  readonly screen: Screen
  /** Sentences of this scenario's verdicts, and the finding that each was printed for first. */
  readonly said: Map<string, string>
  /** Findings that failed so far. */
  readonly failed: Set<string>
}

function tell(progress: Progress, telling: Telling) {
  const { line, status, screen: to, said } = telling
  switch (progress.at) {
    case 'step':
      return line(paint(to, 'dim', plain(progress.says)))
    case 'scenario':
      said.clear()
      status.enter(progress)
      line(`\n${placeOf(progress)} ${progress.name}${whatIsLeft(progress, telling)}`)
      return line(`      ${progress.claim}`)
    case 'phase':
      status.begin(progress.name, progress.ms, progress.leftMs)
      if (to.isTerminal) return undefined
      return line(`      · ${progress.name} (${inSeconds(progress.ms)})`)
    case 'counts':
      return status.count(progress.acked, progress.deliveries, progress.clients)
    case 'fault':
      return line(paint(to, 'dim', `      ${steps[progress.step]} ${plain(progress.says)}`))
    case 'verdict':
      return tellVerdict(progress, telling)
  }
}

type At<K extends Progress['at']> = Extract<Progress, { at: K }>

/** The time left and what failed so far, without scrolling back. */
function whatIsLeft({ leftMs }: At<'scenario'>, { screen, failed }: Telling): string {
  const left = paint(screen, 'dim', ` · ${approximately(leftMs)} left`)
  if (failed.size === 0) return left
  return `${left} · ${paint(screen, 'red', `failed so far: ${[...failed].join(', ')}`)}`
}

/** One cause is printed once, not again for each finding. */
function tellVerdict(progress: At<'verdict'>, telling: Telling): void {
  const { verdict, finding, why, fix } = progress
  const { line, screen, said, failed, status } = telling
  const key = `${verdict} ${why}`
  const first = verdict === 'pass' ? undefined : said.get(key)
  if (first === undefined) said.set(key, finding)
  if (verdict === 'fail') status.fail(failed.add(finding).size)
  const says = first === undefined ? plain(why) : `as ${first}`
  line(`      ${sayVerdict(screen, verdict)} ${finding.padEnd(8)} ${says}`)
  if (fix !== undefined && first === undefined) line(`                       fix: ${plain(fix)}`)
}

/** A verdict other than pass, with its scenario, which no line before names. */
function tellTrouble(progress: Progress, { line, screen }: Telling): void {
  if (progress.at !== 'verdict') return
  const { verdict, finding, scenario, why, fix } = progress
  if (verdict === 'pass' || verdict === 'not-applicable') return
  const todo = fix === undefined ? '' : ` fix: ${plain(fix)}`
  line(`${sayVerdict(screen, verdict)} ${finding.padEnd(8)} ${scenario}: ${plain(why)}${todo}`)
}

/** Text from the target reaches the screen and must not control the terminal. */
export const plain = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- those are the characters meant
  text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?')

const steps = {
  inject: 'inject:',
  active: 'active:',
  ineffective: 'NO EFFECT:',
  heal: 'healed:',
  failed: 'FAILED:',
} as const
