/** Every client of a group sends pings as fast as they are taken, then nothing. */
import { z } from 'zod'
import { sayNumber } from '../world/amounts.ts'
import { defineStimulus, group, times } from './stimulus.ts'

const limitMs = 60_000
/** The most a ping may carry (RFC 6455, 5.5): its pong fills the relay's buffers soonest. */
const nativeText = 'p'.repeat(125)
const jsonText = '{"type":"ping"}'

export const pings = defineStimulus({
  spec: z.strictObject({
    stimulus: z.literal('pings'),
    group,
    kind: z.enum(['json', 'native']),
    each: times,
  }),
  says: (spec) =>
    `each \`${spec.group}\` client sends ${sayNumber(spec.each)} ` +
    (spec.kind === 'native' ? 'native pings' : '`ping` frames'),
  isHonest: true,
  orders({ group: of, kind, each }) {
    const frame = kind === 'native' ? ['ping', nativeText] : ['text', jsonText]
    const [opcode, text] = frame as ['ping' | 'text', string]
    const order = { do: 'send', group: of, opcode, text, what: `ping:${kind}`, each } as const
    return [{ to: 'fleet', order, limitMs }]
  },
  draw: ({ dice, groups }) => ({
    stimulus: 'pings',
    group: dice.pick(groups),
    kind: dice.pick(['json', 'native'] as const),
    each: dice.pick([10, 100, 1_000]),
  }) as const,
})
