/** Records of the phase's load at once, as fast as the broker takes them. */
import { z } from 'zod'
import { defineStimulus, times } from './stimulus.ts'

const limitMs = 60_000

export const burst = defineStimulus({
  spec: z.strictObject({ stimulus: z.literal('burst'), records: times }),
  says: ({ records }) => `a burst of ${records} records, as fast as the broker accepts them`,
  isHonest: true,
  orders: ({ records: count }, { load }) => [
    { to: 'producer', order: { do: 'burst', count, load }, limitMs },
  ],
  draw: ({ dice }) => ({ stimulus: 'burst', records: dice.pick([100, 200, 400]) }) as const,
})
