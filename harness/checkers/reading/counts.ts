/**
 * The target's count of clients compared with the harness's open connections, only at times when
 * they cannot rightly differ: no client connects or leaves, and no fault hides clients from the
 * target.
 */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { Reading } from '../../history/readings.ts'
import { tolerances } from '../../history/tolerances.ts'
import type { FaultWindow, Session } from '../../history/windows.ts'
import { indexAt, points, type Point } from './series.ts'
import { openAt } from './slots.ts'

const { countedApartMicros, endSeenLateMicros } = tolerances

/** Fewer calm samples show nothing. */
export const calmSamplesMin = 3

/** A sample of the target's count, and the connections that the harness had open then. */
export interface CountSample extends Point {
  readonly own: number
}

/** Samples without changes and without faults around them. */
export function calmSamples(history: History, reading: Reading): CountSample[] {
  const isStill = stillness(history)
  const isCalm = ({ t }: Point) => isStill(t) && !history.faults.some((one) => isBlind(one, t))
  return points(reading)
    .filter(isCalm)
    .map(({ t, v }) => ({ t, v, own: openAt(history, t, () => true) }))
}

/** During a fault of clients or of the relay itself, it may rightly know less than the harness. */
const isBlind = (fault: FaultWindow, t: Micros): boolean => {
  const { on } = fault.effects
  const isElsewhere = on === 'kafka' || on === 'redis' || on === 'consumer-group'
  return !isElsewhere && t >= fault.begin - countedApartMicros && t <= fault.end + endSeenLateMicros
}

/** Whether no client connects or leaves around a moment. */
function stillness(history: History): (t: Micros) => boolean {
  const changes = [
    ...history.events('opened').map(({ t }) => t),
    ...history.events('closed').map(({ t }) => t),
    ...history.events('refused').map(({ t }) => t),
    ...history
      .events('sent')
      .filter(([, , , what]) => what.startsWith('handshake-aborted'))
      .map(([, t]) => t),
  ].sort((a, b) => a - b)
  return (t) => {
    const last = changes[indexAt(changes, t + countedApartMicros)]
    return last === undefined || last < t - countedApartMicros
  }
}

/**
 * The target's count, if it was right before `begin` whenever it could be compared; undefined if it
 * was wrong or could not be compared: a wrong count is not corrected.
 */
export function rightCount(history: History, begin: Micros): Point[] | undefined {
  const reading = history.signal('connectedClients')
  const before = calmSamples(history, reading).filter(({ t }) => t < begin)
  const isRight = before.length >= calmSamplesMin && before.every(({ v, own }) => v === own)
  return isRight ? points(reading) : undefined
}

/**
 * The share of one group in a right count: minus all other clients, while none of them connects or
 * leaves. A request just before the end of the window may have been answered after it.
 */
export function countOf(
  history: History,
  count: readonly Point[],
  { begin, end }: { readonly begin: Micros; readonly end: Micros },
  isOther: (session: Session) => boolean,
): Point[] {
  const isStill = stillness(history)
  return count
    .filter(({ t }) => t >= begin && t <= end - countedApartMicros && isStill(t))
    .map(({ t, v }) => ({ t, v: Math.max(0, v - openAt(history, t, isOther)) }))
}

/** Since when the samples stay at or below `limit`; undefined if they do not at the end. */
export function belowSince(samples: readonly Point[], limit: number): Micros | undefined {
  const lastAbove = samples.findLastIndex(({ v }) => v > limit)
  return samples[lastAbove + 1]?.t
}
