/** Every client of a group asks for a replay. */
import { z } from 'zod'
import { defineStimulus, group, orderLimitMs } from './stimulus.ts'

export const resume = defineStimulus({
  spec: z.strictObject({
    stimulus: z.literal('resume'),
    group,
    from: z.enum(['earliest', 'latest', 'cursor']),
  }),
  says: (spec) => `each \`${spec.group}\` client requests a replay from \`${spec.from}\``,
  isHonest: true,
  orders: ({ group: of, from }) => [
    { to: 'fleet', order: { do: 'resume', group: of, from }, limitMs: orderLimitMs },
  ],
  draw: ({ dice, groups }) => ({
    stimulus: 'resume',
    group: dice.pick(groups),
    from: dice.pick(['earliest', 'latest', 'cursor'] as const),
  }) as const,
})
