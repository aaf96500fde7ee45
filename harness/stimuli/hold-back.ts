/** Every client of a group sends a text of 1 MiB but for its last byte, and no more. */
import { z } from 'zod'
import { defineStimulus, group } from './stimulus.ts'

const limitMs = 30_000

export const holdBack = defineStimulus({
  spec: z.strictObject({ stimulus: z.literal('hold-back'), group }),
  says: (spec) => `each \`${spec.group}\` client sends 1 MiB of text without its last byte`,
  isHonest: true,
  orders: ({ group: of }) => [{ to: 'fleet', order: { do: 'hold-back', group: of }, limitMs }],
  draw: ({ dice, groups }) => ({ stimulus: 'hold-back', group: dice.pick(groups) }) as const,
})
