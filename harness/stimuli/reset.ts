/** Every client of a group asks the relay to forget its replay buffer. */
import { z } from 'zod'
import { defineStimulus, group, orderLimitMs } from './stimulus.ts'

const text = '{"type":"cursor_reset"}'

export const reset = defineStimulus({
  spec: z.strictObject({ stimulus: z.literal('reset'), group }),
  says: (spec) => `each \`${spec.group}\` client asks the relay to clear its replay buffer`,
  isHonest: true,
  orders({ group: of }) {
    const order = { do: 'send', group: of, opcode: 'text', text, what: 'reset' } as const
    return [{ to: 'fleet', order, limitMs: orderLimitMs }]
  },
  draw: ({ dice, groups }) => ({ stimulus: 'reset', group: dice.pick(groups) }) as const,
})
