/** The last lines of a run: what did not pass, caveats, and the number of verdicts. */
import type { Report } from '../../reports/render/model.ts'
import type { Screen } from '../world/command-world.ts'
import { paint, plain, sayVerdict } from './console.ts'

/** What is printed when a run is over. */
export interface Closing {
  readonly report: Report
  /** Path of the HTML report; undefined if it could not be written. */
  readonly page: string | undefined
  readonly isInterrupted: boolean
}

/** Everything other than pass, and the sum of the rest; `isQuiet` if that was printed before. */
export function closing(out: Screen, told: Closing, isQuiet = false): string[] {
  const { report, page, isInterrupted } = told
  const interrupted = 'Interrupted: these are not the results of the whole suite.'
  return [
    ...(isQuiet ? [] : ['']),
    ...(isInterrupted ? [interrupted] : []),
    ...(isNothingJudged(report) ? nothingJudged(out, report) : notPassed(out, report, isQuiet)),
    ...smallerLines(report),
    ...unconfirmedLines(report).map((line) => paint(out, 'yellow', line)),
    `Total: ${tallyOf(report)} (${scenariosOf(report)}).`,
    page === undefined ? 'report: could not be written' : `report: ${page}`,
    `repeat: ${report.reproduce}`,
  ]
}

/** Servers that did not start, an unreachable target: one cause of everything. */
const isNothingJudged = (report: Report): boolean =>
  report.scenarios.every(({ expectations }) => expectations.length === 0) &&
  troubleLines(report).length === 1

function nothingJudged(out: Screen, report: Report): string[] {
  const [trouble = ''] = report.scenarios.flatMap(({ troubles }) => troubles)
  const lines = trouble.split('\n')
  const told = lines.map((line) => `  ${plain(line.trim())}`)
  return [`${sayVerdict(out, 'unknown')} Nothing was judged.`, ...told]
}

function notPassed(out: Screen, report: Report, isQuiet: boolean): string[] {
  const rows = report.findings
    .filter(({ verdict }) => verdict === 'fail' || verdict === 'unknown')
    .map(({ verdict, id, scenario }) => `  ${sayVerdict(out, verdict)} ${id.padEnd(8)} ${scenario}`)
  const troubles = troubleLines(report).map((line) => paint(out, 'yellow', `  ${plain(line)}`))
  return [
    ...(rows.length > 0 && !isQuiet ? ['Did not pass', ...rows] : []),
    ...(troubles.length > 0 ? ['What could not be judged', ...troubles] : []),
  ]
}

function scenariosOf({ scenarios, tookSeconds }: Report): string {
  const count = `${scenarios.length} ${scenarios.length === 1 ? 'scenario' : 'scenarios'}`
  const [minutes, seconds] = [Math.floor(tookSeconds / 60), Math.round(tookSeconds % 60)]
  return `${count} in ${minutes > 0 ? `${minutes} min ` : ''}${seconds} s`
}

/** What prevented judging, each once: a stack that cannot start is one error, not five. */
export function troubleLines({ scenarios }: Report): string[] {
  const byText = new Map<string, Set<string>>()
  for (const { name, troubles } of scenarios) {
    for (const trouble of troubles) {
      byText.set(trouble, (byText.get(trouble) ?? new Set()).add(name))
    }
  }
  const isWhole = (names: Set<string>) => names.size > 1 && names.size === scenarios.length
  return [...byText].map(([trouble, names]) =>
    isWhole(names) ? trouble : `${[...names].join(', ')}: ${trouble}`,
  )
}

/** Of random schedules that failed: what less of them fails, and how to repeat that. */
const smallerLines = ({ scenarios }: Report): string[] =>
  scenarios.flatMap(({ name, smaller }) => {
    if (smaller === undefined) return []
    const { says, reproduce } = smaller
    const repeat = reproduce === undefined ? [] : [`  repeat: ${reproduce}`]
    return [`  ${name}: ${plain(says)}`, ...repeat]
  })

/** Settings that may not be in force: the scenarios' times were derived from them all the same. */
export function unconfirmedLines({ scenarios }: Report): string[] {
  const names = [...new Set(scenarios.flatMap(({ unconfirmed }) => unconfirmed))]
  if (names.length === 0) return []
  return [
    'Asked, not confirmed: the target does not report these settings in /version',
    `  ${names.join(', ')}`,
    '  fix: if you know the value, give it with --know name=value',
  ]
}

/** Number of findings by verdict; findings that do not apply to the target do not count. */
export function tallyOf({ findings }: Report): string {
  const words = {
    fail: 'fail',
    unknown: 'unknown',
    pass: 'pass',
    'not-applicable': 'not applicable',
  } as const
  const counts = Object.entries(words).map(([verdict, word]) => {
    const count = findings.filter((one) => one.verdict === verdict).length
    return count === 0 ? [] : [`${count} ${word}`]
  })
  return counts.flat().join(', ') || 'nothing was judged'
}
