/** All recordings by all damages, and how the result is printed. */
import { check, illness, rateOf, type Cell } from './self-check.ts'
import { given, type Damage } from './damage.ts'
import type { Recording } from './recording.ts'

/** What a recording was before anything was done to it. */
export interface Patient {
  readonly scenario: string
  /** Why it is not judged as healthy; such a recording is not damaged any further. */
  readonly illness: string | undefined
}

export interface Matrix {
  readonly patients: readonly Patient[]
  readonly cells: readonly Cell[]
}

/** Does every damage to every recording that is healthy; one recording is in memory at a time. */
export function matrixOf(
  recordings: ReadonlyMap<string, () => Recording>,
  damages: readonly Damage[],
): Matrix {
  const patients: Patient[] = []
  const cells: Cell[] = []
  for (const [scenario, read] of recordings) {
    const recording = readable(read)
    if (typeof recording === 'string') {
      patients.push({ scenario, illness: recording })
      continue
    }
    const patient = given(recording)
    const ill = illness(patient)
    patients.push({ scenario, illness: ill })
    if (ill === undefined) cells.push(...damages.map((damage) => check(patient, damage)))
  }
  return { patients, cells }
}

/** A recording of another version may name what this one does not know. */
function readable(read: () => Recording): Recording | string {
  try {
    return read()
  } catch (error) {
    return `it cannot be read: ${(error as Error).message.replaceAll(/\s+/g, ' ').slice(0, 200)}`
  }
}

/** The matrix as lines: a damage each, with what found it, and what did not, and why. */
export function sayMatrix({ patients, cells }: Matrix): string[] {
  const byDamage = Map.groupBy(cells, ({ damage }) => damage)
  const width = Math.max(0, ...[...byDamage.keys()].map((name) => name.length))
  const rows = [...byDamage].flatMap(([name, own]) => sayDamage(name.padEnd(width), own))
  const ill = patients.flatMap(({ scenario, illness: why }) =>
    why === undefined ? [] : [`NOT HEALTHY ${scenario}: ${why}; record it again`],
  )
  return [...rows, '', ...ill, sayRate({ patients, cells })]
}

function sayDamage(name: string, cells: readonly Cell[]): string[] {
  const { found, of } = rateOf(cells)
  const rules = tally(cells.filter(({ is }) => is === 'found').map(({ says }) => says))
  const counts = `${String(found).padStart(3)} of ${String(of).padStart(2)}`
  const open = cells.flatMap(({ is, scenario, says }) => {
    return is === 'missed' ? [`    MISSED in ${scenario}: ${says}`] : []
  })
  const reasons = tally(
    cells.flatMap(({ is, says }) => (is === 'cannot' || is === 'nothing' ? [says] : [])),
  )
  return [
    `${name} ${counts}  ${rules.join(', ')}`,
    ...open,
    ...(reasons.length === 0 ? [] : [`    elsewhere it cannot be: ${reasons.join('; ')}`]),
  ]
}

/** Each text once, with the number of times that it came. */
function tally(texts: readonly string[]): string[] {
  const counts = Map.groupBy(texts, (text) => text)
  return [...counts].map(([text, own]) => (own.length === 1 ? text : `${own.length}x ${text}`))
}

/** One line: how many of how many, and of what. */
export function sayRate({ patients, cells }: Matrix): string {
  const { found, of } = rateOf(cells)
  const percent = of === 0 ? 0 : (found / of) * 100
  const kinds = new Set(cells.map(({ damage }) => damage)).size
  const healthy = patients.filter(({ illness: why }) => why === undefined).length
  return (
    `${found} of ${of} damages found by name (${percent.toFixed(1)} %): ` +
    `${kinds} kinds, ${healthy} recordings of healthy runs`
  )
}
