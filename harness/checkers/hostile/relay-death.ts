/** A relay that exits while hostile frames are sent: because of them, or of something before. */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { tearDownPhase } from '../../history/windows.ts'
import { hostileFrames } from '../../wire/hostile-frames.ts'
import { seconds, type Doubt, type Violation } from '../reading/conclude.ts'
import { trialsOf, type Trial } from './trials.ts'

export interface RelayDeath {
  readonly violation?: Violation
  readonly doubt?: Doubt
}

/** What the relay's exit means for the frames of `trials`. */
export function relayDeath(history: History, trials: readonly Trial[], limit: Micros): RelayDeath {
  const struck = history.phase(tearDownPhase)?.begin ?? Infinity
  const exit = history
    .events('process')
    .find(({ t, role, edge }) => role === 'relay' && edge === 'exit' && t < struck)
  if (exit === undefined) return {}
  const { t: at, pid, code, signal } = exit
  // The last frame of any client is to blame, and none before it.
  const said = trialsOf(history, hostileFrames).filter(({ t }) => t <= at)
  const last = said.toSorted((a, b) => b.t - a.t)[0]
  const isOurs = trials.some(({ row }) => row === last?.row)
  const how = `The relay (process ${pid}) exited with ${signal ?? `code ${code}`}`
  if (last === undefined || !isOurs || at - last.t > limit) {
    if (trials.some(({ t }) => t <= at)) return {}
    return {
      doubt: {
        rule: 'relay-died-before',
        says: `${how} before any of these frames was sent.`,
        fix: 'see what ended it, and run again without that',
      },
    }
  }
  const says =
    `${how} ${seconds(at - last.t)} after "${last.row.name}" of client ${last.client}, the last ` +
    'hostile frame before it.'
  return { violation: { rule: 'relay-died', says, at } }
}
