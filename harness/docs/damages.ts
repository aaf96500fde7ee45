/** The kinds of damage that the harness must find in recordings of healthy runs, as a table. */
import type { Damage } from '../self-check/damage.ts'
import { code, codes, paragraph, prose, table } from './markdown.ts'

/** The damages of one subject, with the title of their chapter. */
export interface DamageChapter {
  readonly title: string
  readonly damages: readonly Damage[]
}

/** Prints harness/self-check/DAMAGES.md. */
export function printDamages(chapters: readonly DamageChapter[]): string {
  const kinds = chapters.reduce((sum, { damages }) => sum + damages.length, 0)
  return [
    '# Damages',
    '',
    ...paragraph(
      `What \`npm run chaos -- self-check\` does to recordings of healthy runs: ${kinds} kinds of`,
      'damage, each of which must be found by one of its rules. A run of which the harness knows',
      'too little must be called unknown. Printed from the tables in harness/self-check/damages.',
    ),
    ...chapters.flatMap(({ title, damages }) => [
      `## ${title}`,
      '',
      ...table(['damage', 'what went wrong', 'found by', 'asked of', 'verdict'], damages.map(row)),
    ]),
  ].join('\n')
}

const row = ({ name, says, finds, seenBy, verdicts = ['fail'] }: Damage): string[] => [
  prose(name),
  prose(says),
  codes(finds),
  seenBy === undefined ? (verdicts.includes('fail') ? code('stream') : 'every run') : codes(seenBy),
  verdicts.join(' or '),
]
