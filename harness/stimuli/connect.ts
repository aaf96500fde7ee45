/** Clients of a group join: as many as are named, or all that it has. */
import { z } from 'zod'
import { defineStimulus, group, times } from './stimulus.ts'

export const connect = defineStimulus({
  spec: z.strictObject({ stimulus: z.literal('connect'), group, count: times.exactOptional() }),
  says: (spec) => `the \`${spec.group}\` clients connect`,
  isHonest: true,
  orders: (spec) => [{ to: 'group', joins: spec.group, count: spec.count }],
  draw: ({ dice, groups }) => ({ stimulus: 'connect', group: dice.pick(groups) }) as const,
})
