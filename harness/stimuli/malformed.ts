/** Malformed records between those of the load: `each` of every kind that is named. */
import { z } from 'zod'
import {
  allMalformedKinds,
  everyMalformedKind,
  kindsOf,
  type MalformedKind,
} from '../records/malformed.ts'
import { defineStimulus, spreadShare, times } from './stimulus.ts'

/** Expensive kinds too: those are sent where they are named. */
const kinds = z.enum(everyMalformedKind as [MalformedKind, ...MalformedKind[]])
/** On top of the time over which they are spread. */
const limitMs = 30_000

export const malformed = defineStimulus({
  spec: z.strictObject({
    stimulus: z.literal('malformed'),
    kinds: z.union([z.literal('all'), z.array(kinds).readonly()]),
    each: times,
  }),
  says({ kinds: named, each }) {
    const all = kindsOf(named)
    const names = all.map((kind) => `\`${kind}\``).join(', ')
    const which = named === 'all' ? `all ${all.length} malformed kinds` : names
    return `${each} records of ${which}, among those of the load`
  },
  isHonest: true,
  orders({ kinds: named, each }, { phaseMs }) {
    const overMs = phaseMs * spreadShare
    const order = { do: 'malformed', kinds: kindsOf(named), each, overMs } as const
    return [{ to: 'producer', order, limitMs: overMs + limitMs }]
  },
  draw({ dice }) {
    const drawn = Array.from({ length: 1 + dice.int(4) }, () => dice.pick(allMalformedKinds))
    return { stimulus: 'malformed', kinds: [...new Set(drawn)], each: 1 + dice.int(2) } as const
  },
})
