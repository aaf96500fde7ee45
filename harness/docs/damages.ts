/** DAMAGES.md: the kinds of damage that the harness must find in recordings of healthy runs. */
import type { Damage } from '../self-check/damage.ts'
import { code, codes, paragraph, prose, table } from './markdown.ts'

/** The damages of one topic, with the title of their chapter. */
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
      `\`npm run chaos -- self-check\` damages recordings of healthy runs in ${kinds} ways. One of`,
      'the listed rules must find each damage; where the recording no longer shows enough, the',
      'verdict must be `unknown`. Printed from the tables in harness/self-check/damages.',
    ),
    ...chapters.flatMap(({ title, damages }) => [
      `## ${title}`,
      '',
      ...table(
        ['damage', 'what went wrong', 'found by rule', 'checker', 'verdict'],
        damages.map(row),
      ),
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
