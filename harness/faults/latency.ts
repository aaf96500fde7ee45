/** Everything that comes over a link comes later. */
import { z } from 'zod'
import { defineLinkFault } from './link-fault.ts'
import { probeMs } from './link-proof.ts'

/** Share of the latency asked for that must be measured on top of what was there before. */
const latencyShareMin = 0.8
const drawnMs = [100, 300, 1_000] as const

export const latency = defineLinkFault({
  name: 'latency',
  options: { ms: z.number().nonnegative() },
  says: (spec, link) => `${link} delayed: answers ${spec.ms} ms later`,
  does: ['slows'],
  toxics: (spec) => [
    { type: 'latency', stream: 'downstream', attributes: { latency: spec.ms, jitter: 0 } },
  ],
  isActive: ({ ms }, { answerMs = 0 }, before) =>
    ms > 0 && answerMs >= before.answerMs + ms * latencyShareMin,
  waitMs: ({ ms }, before) => before.answerMs + ms * 3 + probeMs,
  isFreezing: false,
  draw: (dice) => ({ ms: dice.pick(drawnMs) }),
})
