/** Every client of a group sends each hostile control frame that is about one topic. */
import { z } from 'zod'
import { hostileTopics } from '../wire/hostile-frames.ts'
import { defineStimulus, group } from './stimulus.ts'

const limitMs = 60_000
const topics = z.enum(hostileTopics)

export const hostileFrames = defineStimulus({
  spec: z.strictObject({ stimulus: z.literal('hostile-frames'), group, about: topics }),
  says: (spec) => `each \`${spec.group}\` client sends every hostile frame about ${spec.about}`,
  isHonest: false,
  orders: ({ group: of, about }) => [
    { to: 'fleet', order: { do: 'hostile-frames', group: of, about }, limitMs },
  ],
  draw: ({ dice, groups }) => ({
    stimulus: 'hostile-frames',
    group: dice.pick(groups),
    about: dice.pick(hostileTopics),
  }) as const,
})
