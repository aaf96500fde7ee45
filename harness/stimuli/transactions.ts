/**
 * Pairs of transactions over the phase: those of two producers overlap each other and the load. In
 * each pair one is aborted, in every other pair both.
 */
import { z } from 'zod'
import { defineStimulus, spreadShare, times } from './stimulus.ts'

/** On top of the time over which they are spread. */
const limitMs = 40_000

export const transactions = defineStimulus({
  spec: z.strictObject({ stimulus: z.literal('transactions'), each: times }),
  says: ({ each }) =>
    `${each} pairs of overlapping transactions; in each pair one is aborted, or both`,
  isHonest: true,
  orders({ each }, { phaseMs }) {
    const overMs = phaseMs * spreadShare
    const order = { do: 'transactions', each, overMs } as const
    return [{ to: 'producer', order, limitMs: overMs + limitMs }]
  },
  draw: ({ dice }) => ({ stimulus: 'transactions', each: 1 + dice.int(4) }) as const,
})
