/** Guards against a pass that tested nothing: too few events are never a pass. */
import { z } from 'zod'
import { checker } from './checker.ts'
import { conclude, many } from './reading/conclude.ts'
import { count, type OptionsOf } from './options.ts'

const schema = z.strictObject({
  recordsMin: count.exactOptional(),
  bytesMin: count.exactOptional(),
  deliveriesMin: count.exactOptional(),
  malformedMin: count.exactOptional(),
  /** Records of aborted transactions. */
  abortedMin: count.exactOptional(),
  clientsMin: count.exactOptional(),
})
export type ExercisedOptions = OptionsOf<typeof schema>

export const exercised = checker({
  says: 'The run exercised enough to be conclusive.',
  options: schema,
  judge(history, options) {
    const { acked, delivered, records } = history.stream()
    const partitions = [...records.values()]
    const evidence = {
      records: acked,
      bytes: sum(partitions.map(({ bytes }) => sum(bytes.map((each) => Math.max(0, each))))),
      deliveries: delivered,
      malformed: sum(partitions.map(({ malformed }) => malformed.size)),
      aborted: history.events('aborted').length,
      clients: history.sessions.size,
    }
    const wanted: readonly (readonly [Counted, number | undefined])[] = [
      ['records', options.recordsMin],
      ['bytes', options.bytesMin],
      ['deliveries', options.deliveriesMin],
      ['malformed', options.malformedMin],
      ['aborted', options.abortedMin],
      ['clients', options.clientsMin],
    ]
    const sayCount = (what: Counted) => {
      const [one, more]: readonly [one: string, more?: string] = words[what]
      return many(evidence[what], one, more)
    }
    const asked = wanted.flatMap(([what, least]) => (least === undefined ? [] : [{ what, least }]))
    const short = asked.find(({ what, least }) => evidence[what] < least)
    const enough = asked.map(({ what, least }) => `${sayCount(what)} (needed: ${least})`)
    return conclude({
      violations: [],
      doubts: [
        short && {
          rule: 'too-little',
          says: `Only ${sayCount(short.what)}; ${short.least} are needed.`,
          fix: 'see the errors of the run and its stream, or repeat it on a faster machine',
        },
      ],
      holds: {
        rule: 'enough',
        says:
          enough.length === 0
            ? `${acked} records and ${delivered} deliveries.`
            : `${enough.join(', ')}.`,
      },
      exercised: acked,
      counted: 'records',
      evidence,
    })
  },
})

/** What is counted, for a sentence. */
const words = {
  records: ['record'],
  bytes: ['byte of records', 'bytes of records'],
  deliveries: ['delivery', 'deliveries'],
  malformed: ['malformed record'],
  aborted: ['record of aborted transactions', 'records of aborted transactions'],
  clients: ['client'],
} as const satisfies Record<string, readonly [one: string, more?: string]>
type Counted = keyof typeof words

const sum = (values: Iterable<number>): number => {
  let total = 0
  for (const value of values) total += value
  return total
}
