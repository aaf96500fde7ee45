/** The last lines of a run: what spoilt it, what is unconfirmed, how many verdicts there are. */
import type { Report } from '../../reports/render/model.ts'

/** What kept us from judging, each once: a stack that cannot start is one trouble, not five. */
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

/** Settings that may not be in force: the scenarios' times were derived from them all the same. */
export function unconfirmedLines({ scenarios }: Report): string[] {
  const names = [...new Set(scenarios.flatMap(({ unconfirmed }) => unconfirmed))]
  if (names.length === 0) return []
  return [
    'Asked, not confirmed: the target does not report these settings in /version',
    `  ${names.join(', ')}`,
    '  fix: where you know what it does, say so with --know name=value',
  ]
}

/** How many findings came to which verdict; what does not apply to the target decides nothing. */
export function tallyOf({ findings }: Report): string {
  const words = {
    pass: 'pass',
    fail: 'fail',
    unknown: 'unknown',
    'not-applicable': 'not applicable',
  } as const
  const counts = Object.entries(words).map(([verdict, word]) => {
    const count = findings.filter((one) => one.verdict === verdict).length
    return count === 0 ? [] : [`${count} ${word}`]
  })
  return counts.flat().join(', ') || 'nothing was judged'
}
