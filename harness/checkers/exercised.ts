/** Guards against a green that tested nothing: too little of anything is never a pass. */
import { z } from 'zod'
import type { Checker } from './checker.ts'
import { conclude } from './conclude.ts'
import { count } from './options.ts'

export interface ExercisedOptions {
  readonly recordsMin?: number
  readonly bytesMin?: number
  readonly deliveriesMin?: number
  readonly malformedMin?: number
  /** Records of transactions that were given up. */
  readonly abortedMin?: number
  readonly clientsMin?: number
}

export const exercised: Checker<ExercisedOptions> = {
  says: 'The run put enough to the test to be believed.',
  options: z.strictObject({
    recordsMin: count.exactOptional(),
    bytesMin: count.exactOptional(),
    deliveriesMin: count.exactOptional(),
    malformedMin: count.exactOptional(),
    abortedMin: count.exactOptional(),
    clientsMin: count.exactOptional(),
  }),
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
    const wanted: readonly (readonly [keyof typeof evidence, number | undefined])[] = [
      ['records', options.recordsMin],
      ['bytes', options.bytesMin],
      ['deliveries', options.deliveriesMin],
      ['malformed', options.malformedMin],
      ['aborted', options.abortedMin],
      ['clients', options.clientsMin],
    ]
    const short = wanted.find(([what, min]) => evidence[what] < (min ?? 0))
    return conclude({
      violations: [],
      doubts: [
        short && {
          rule: 'too-little',
          says: `At least ${short[1]} ${short[0]} were wanted; there were ${evidence[short[0]]}.`,
          fix: 'see the trouble and the stream, or repeat the run on a faster machine',
        },
      ],
      holds: { rule: 'enough', says: `${acked} records, ${delivered} deliveries.` },
      exercised: acked,
      evidence,
    })
  },
}

const sum = (values: Iterable<number>): number => {
  let total = 0
  for (const value of values) total += value
  return total
}
