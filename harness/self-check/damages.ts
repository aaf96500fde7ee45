/** All kinds of damage, by what they are done to. */
import type { Damage } from './damage.ts'
import { bounds } from './damages/bounds.ts'
import { contents } from './damages/contents.ts'
import { evidence } from './damages/evidence.ts'
import { gaps } from './damages/gaps.ts'
import { gauges } from './damages/gauges.ts'
import { health } from './damages/health.ts'
import { losses } from './damages/losses.ts'
import { poison } from './damages/poison.ts'
import { relay } from './damages/relay.ts'
import { repeats } from './damages/repeats.ts'
import { replays } from './damages/replays.ts'

/** Damages by subject, each with a title. */
export const damageChapters: readonly {
  readonly title: string
  readonly damages: readonly Damage[]
}[] = [
  { title: 'Losses', damages: losses },
  { title: 'Order and repetition', damages: repeats },
  { title: 'Contents', damages: contents },
  { title: 'Gaps', damages: gaps },
  { title: 'Replays and resets', damages: replays },
  { title: 'Malformed records', damages: poison },
  { title: 'Lag, commits and ages', damages: gauges },
  { title: 'Health, warnings and counters', damages: health },
  { title: 'Bounds', damages: bounds },
  { title: 'The relay and hostile frames', damages: relay },
  { title: "The harness's own evidence", damages: evidence },
]

export const damages: readonly Damage[] = damageChapters.flatMap((chapter) => chapter.damages)
