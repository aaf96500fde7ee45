/**
 * A night as text for people who were asleep: the summary of the job, the text of an issue where
 * something failed, and the annotations that GitHub shows beside a job.
 */
import { duration } from './markup.ts'
import { cell, code, marks } from './markdown.ts'
import type { Night, NightEntry, NightPart, Outcome } from './night.ts'

/** An issue holds 65,536 characters, and nobody reads more failures than this. */
const failuresToldMax = 20
/** GitHub shows ten annotations of each kind for a step. */
const annotationsMax = 10
const whyCharactersMax = 400

const words: Readonly<Record<Outcome, string>> = { ...marks, 'not-run': '⏳ not run' }
const outcomes = ['pass', 'fail', 'unknown', 'not-applicable', 'not-run'] as const

const ofOutcome = ({ entries }: Night, outcome: Outcome) =>
  entries.filter((one) => one.outcome === outcome)

/** The summary of a night. */
export function renderNightMarkdown(night: Night): string {
  return [
    `## Nightly: ${marks[night.verdict]}${night.isInterrupted ? ' (interrupted)' : ''}`,
    '',
    headline(night),
    '',
    ...partTable(night),
    ...told('Failed', ofOutcome(night, 'fail')),
    ...told('Could not be judged', ofOutcome(night, 'unknown')),
    ...notRun(night),
    `Repeat with ${code(night.reproduce)}`,
    '',
  ].join('\n')
}

/** The text of an issue, its first line the title; undefined where nothing failed. */
export function renderIssue(night: Night): string | undefined {
  const failed = ofOutcome(night, 'fail')
  if (failed.length === 0) return undefined
  const more = failed.length - failuresToldMax
  return [
    `# Nightly: ${failed.length} failed (${shortVersion(night)}, ${night.startedAt.slice(0, 10)})`,
    '',
    headline(night),
    '',
    ...failed.slice(0, failuresToldMax).flatMap((one) => [
      `### ${cell(one.part)}: ${cell(one.name)}`,
      '',
      cell(short(one.why)),
      '',
      `Repeat with ${code(one.reproduce)}`,
      '',
    ]),
    ...(more > 0 ? [`And ${more} more: see nightly.md of the night.`, ''] : []),
    `The whole night: ${code(night.reproduce)}`,
    '',
  ].join('\n')
}

/** Failures and what could not be judged, as GitHub's workflow commands, which it shows. */
export function renderAnnotations(night: Night): string {
  const commands = (['fail', 'unknown'] as const).flatMap((outcome) => {
    const level = outcome === 'fail' ? 'error' : 'warning'
    return ofOutcome(night, outcome)
      .slice(0, annotationsMax)
      .map(({ part, name, why, reproduce }) => {
        const says = `${short(why)}\nrepeat: ${reproduce}`
        return `::${level} title=${property(`${part}: ${name}`)}::${data(says)}\n`
      })
  })
  return commands.join('')
}

/** What GitHub asks for in the text of a command, and more in its properties. */
const data = (text: string) =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

const short = (why: string) =>
  why.length <= whyCharactersMax ? why : `${why.slice(0, whyCharactersMax)}…`

const shortVersion = ({ version }: Night) => version.replace(/^([\da-f]{10})[\da-f]+/, '$1')

function headline(night: Night): string {
  const { machine, tookSeconds, budgetSeconds, seed, startedAt } = night
  const gib = Math.round(machine.memoryBytes / 1_073_741_824)
  return (
    `${cell(startedAt.slice(0, 16).replace('T', ' '))} UTC, ${duration(tookSeconds)} of ` +
    `${duration(budgetSeconds)}, version ${cell(shortVersion(night))}, seed ${cell(seed)}; ` +
    `${machine.cores} cores of ${cell(machine.processor)}, ${gib} GiB.`
  )
}

function partTable(night: Night): string[] {
  const rows = night.parts.map((part) => {
    const own = night.entries.filter((one) => one.part === part.name)
    const counts = outcomes.map((outcome) => own.filter((one) => one.outcome === outcome).length)
    const cells = counts.map((count) => (count === 0 ? '' : String(count)))
    const says = part.lacks === undefined ? part.says : `not run: ${part.lacks}`
    return `| ${part.name} | ${cell(says)} | ${cells.join(' | ')} | ${timeOf(part)} |`
  })
  return [
    `| part | what | ${outcomes.map((one) => words[one]).join(' | ')} | time |`,
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
  ]
}

const timeOf = ({ took }: NightPart) => (took === 0 ? '' : duration(took))

function told(title: string, entries: readonly NightEntry[]): string[] {
  if (entries.length === 0) return []
  const rows = entries.map(({ part, name, why, reproduce }) => {
    return `| ${part} | ${cell(name)} | ${cell(short(why))} | ${cell(reproduce)} |`
  })
  return [
    `### ${title}`,
    '',
    '| part | name | why | repeat |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ]
}

/** By part and reason, folded: it is a list, and nothing is wrong with it. */
function notRun(night: Night): string[] {
  const left = ofOutcome(night, 'not-run')
  if (left.length === 0) return []
  const groups = Map.groupBy(left, ({ part, why }) => `${part}: ${why}`)
  const lines = [...groups].map(([head, own]) => {
    const names = own.map(({ name, waited }) => (waited > 1 ? `${name} (${waited} nights)` : name))
    return `- ${cell(head)}: ${cell(names.join(', '))}`
  })
  const summary = `Not run: ${left.length}. The next night begins with these.`
  return ['<details>', `<summary>${summary}</summary>`, '', ...lines, '', '</details>', '']
}
