/** Every stimulus by its name in a scenario. */
import type { z } from 'zod'
import type { InGroups } from '../fleet/group.ts'
import type { DrawnFrom } from '../world/dice.ts'
import { abortHandshakes } from './abort-handshakes.ts'
import { burst } from './burst.ts'
import { connect } from './connect.ts'
import { disconnect } from './disconnect.ts'
import { holdBack } from './hold-back.ts'
import { hostileFrames } from './hostile-frames.ts'
import { malformed } from './malformed.ts'
import { pings } from './pings.ts'
import { reset } from './reset.ts'
import { resume } from './resume.ts'
import type { Occasion, StimulusDefinition, StimulusOrder } from './stimulus.ts'
import { transactions } from './transactions.ts'

export const stimuli = {
  malformed,
  burst,
  transactions,
  connect,
  disconnect,
  pings,
  resume,
  reset,
  'hold-back': holdBack,
  'abort-handshakes': abortHandshakes,
  'hostile-frames': hostileFrames,
}
export type StimulusName = keyof typeof stimuli

type SpecOf<K extends StimulusName> = z.infer<(typeof stimuli)[K]['spec']>
/** What may be sent besides the load. */
export type Stimulus<G extends string = string> = {
  [K in StimulusName]: InGroups<SpecOf<K>, G>
}[StimulusName]

const definitionOf = (spec: Stimulus) =>
  stimuli[spec.stimulus] as unknown as StimulusDefinition<Stimulus>

/** One sentence on what a stimulus sends, as Markdown. */
export const sayStimulus = (spec: Stimulus): string => definitionOf(spec).says(spec)

/** Whether an honest client may do this. */
export const isHonest = (spec: Stimulus): boolean => definitionOf(spec).isHonest

/** A random stimulus of a name. */
export const drawStimulus = (name: StimulusName, from: DrawnFrom): Stimulus =>
  stimuli[name].draw(from)

/** What is to be done, one after the other. */
export const ordersOf = (spec: Stimulus, occasion: Occasion): readonly StimulusOrder[] =>
  definitionOf(spec).orders(spec, occasion)
