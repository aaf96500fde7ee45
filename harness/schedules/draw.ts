/**
 * Draws a schedule: a list of numbered parts, each a fault or a stimulus, all from a seed. The same
 * seed and number give the same schedule, and leaving parts out changes none of the others: that is
 * what lets a failure be repeated, and made smaller.
 */
import { drawFault, faults, type FaultName, type FaultSpec } from '../faults/registry.ts'
import { drawStimulus, stimuli, type Stimulus, type StimulusName } from '../stimuli/registry.ts'
import { dice, type Dice } from '../world/dice.ts'
import { groupsForStimulus, steadyGroups } from './clients.ts'

/** One thing that happens, and for how long; the number stands for it in command lines. */
export type Part = { readonly number: number; readonly ms: number } & (
  | { readonly fault: FaultSpec }
  | { readonly stimulus: Stimulus }
)

export interface Schedule {
  readonly seed: string
  /** Which one of this seed, from 1 on. */
  readonly index: number
  readonly parts: readonly Part[]
}

const partsCount = { least: 3, spread: 4 } as const
const partMs = { least: 300, spread: 3_000 } as const

/**
 * How often each comes; 2 where nothing is said. A link fault stands for one on each of four links;
 * what kills the relay takes longest of all, as Kafka waits for a member that is gone.
 */
const faultWeights: Readonly<Partial<Record<FaultName, number>>> = {
  cut: 4,
  'black-hole': 4,
  stall: 3,
  latency: 3,
  'kill-relay': 1,
}
const stimulusWeights: Readonly<Partial<Record<StimulusName, number>>> = {
  'hold-back': 1,
  pings: 1,
}
const weightDefault = 2

type Drawn = { readonly fault: FaultName } | { readonly stimulus: StimulusName }

const times = (one: Drawn, weight = weightDefault) => Array.from({ length: weight }, () => one)
/** Every fault and stimulus as often as its weight. */
const urn: readonly Drawn[] = [
  ...(Object.keys(faults) as FaultName[]).flatMap((name) =>
    times({ fault: name }, faultWeights[name]),
  ),
  ...(Object.keys(stimuli) as StimulusName[]).flatMap((name) =>
    times({ stimulus: name }, stimulusWeights[name]),
  ),
]

/** The schedule `index` of a seed. */
export function drawSchedule(seed: string, index: number): Schedule {
  const from = dice(`${seed}/schedule/${index}`)
  const count = partsCount.least + from.int(partsCount.spread)
  const parts = Array.from({ length: count }, (_, at) =>
    drawPart(from.child(`part/${at + 1}`), at + 1),
  )
  return { seed, index, parts }
}

function drawPart(from: Dice, number: number): Part {
  const ms = partMs.least + from.int(partMs.spread)
  for (;;) {
    const drawn = from.pick(urn)
    if ('stimulus' in drawn) {
      const groups = groupsForStimulus(drawn.stimulus)
      return { number, ms, stimulus: drawStimulus(drawn.stimulus, { dice: from, groups }) }
    }
    const fault = drawFault(drawn.fault, { dice: from, groups: steadyGroups })
    // A fault that chance never takes leaves the place to the next draw.
    if (fault !== undefined) return { number, ms, fault }
  }
}
