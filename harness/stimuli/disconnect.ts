/** Clients of a group leave: with a close frame, or by a reset of their connections. */
import { z } from 'zod'
import { defineStimulus, group, orderLimitMs } from './stimulus.ts'

export const disconnect = defineStimulus({
  spec: z.strictObject({
    stimulus: z.literal('disconnect'),
    group,
    how: z.enum(['close', 'reset']),
  }),
  says: (spec) =>
    `the \`${spec.group}\` clients disconnect (${spec.how === 'close' ? 'close frame' : 'reset'})`,
  isHonest: true,
  orders: ({ group: of, how }) => [
    { to: 'fleet', order: { do: 'disconnect', group: of, how }, limitMs: orderLimitMs },
  ],
  draw: ({ dice, groups }) => ({
    stimulus: 'disconnect',
    group: dice.pick(groups),
    how: dice.pick(['close', 'reset'] as const),
  }) as const,
})
