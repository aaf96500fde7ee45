/** Besides the clients of a group, connections are reset at several stages of their handshake. */
import { z } from 'zod'
import { sayNumber } from '../world/amounts.ts'
import { defineStimulus, group, times } from './stimulus.ts'

const limitMs = 60_000

export const abortHandshakes = defineStimulus({
  spec: z.strictObject({ stimulus: z.literal('abort-handshakes'), group, each: times }),
  says: (spec) =>
    `each \`${spec.group}\` client aborts ${sayNumber(spec.each)} handshakes`,
  isHonest: true,
  orders: ({ group: of, each }) => [
    { to: 'fleet', order: { do: 'abort-handshakes', group: of, each }, limitMs },
  ],
  draw: ({ dice, groups }) => ({
    stimulus: 'abort-handshakes',
    group: dice.pick(groups),
    each: 10 + dice.int(30),
  }) as const,
})
