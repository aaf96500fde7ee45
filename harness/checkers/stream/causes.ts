/**
 * What this run did to the target and its clients. Every excuse must rest on it: faults injected,
 * clients that did not read, frames sent. Nothing here was reported by the target.
 */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import {
  isOnClients,
  does,
  type FaultWindow,
  type Session,
  type Window,
} from '../../history/windows.ts'
import type { FaultPlace } from '../../history/effects.ts'
import { allowances } from '../reading/allowances.ts'

const { unansweredResetMicros } = allowances

const everything: Window = { begin: 0, end: Infinity }

export interface Causes {
  /** When the client of the session could not, or did not, read. */
  slow(session: Session): readonly Window[]
  /** When its connection, or the process at the other end, was broken on purpose. */
  broken(session: Session): readonly Window[]
  /** Stops of the relay by the run: from the order until it was ready again. */
  readonly restarts: readonly FaultWindow[]
  readonly redisOutages: readonly Window[]
  /** Faults after which much is delivered in a burst: Kafka's, and those of the relay's process. */
  readonly pauses: readonly Window[]
  /** Resets of the replay buffer, from the request to the answer. */
  readonly resets: readonly Window[]
}

/** A fault that could not be injected had no effect. */
const hasStood = ({ failure, isActive }: FaultWindow): boolean =>
  failure === undefined || isActive !== undefined

const isOn = (place: FaultPlace) => (fault: FaultWindow) => fault.effects.on === place

export const redisOutagesOf = (history: History): FaultWindow[] =>
  history.faults.filter(hasStood).filter(isOn('redis'))

export function causesOf(history: History, slowGroups: readonly string[]): Causes {
  const faults = history.faults.filter(hasStood)
  const byGroup = Map.groupBy(faults.filter(isOnClients), ({ effects }) => String(effects.group))
  const ofProcess = faults.filter(isOn('relay'))
  return {
    slow({ group, stalls }) {
      if (slowGroups.includes(group)) return [everything]
      const own = byGroup.get(group) ?? []
      return [...stalls, ...own.filter((fault) => does(fault, 'slows'))]
    },
    broken({ group }) {
      const own = byGroup.get(group) ?? []
      return [...ofProcess, ...own.filter((fault) => !does(fault, 'slows'))]
    },
    restarts: faults.filter((fault) => does(fault, 'ends-relay')),
    redisOutages: redisOutagesOf(history),
    pauses: [...ofProcess, ...faults.filter(isOn('kafka'))],
    resets: resetsOf(history),
  }
}

function resetsOf(history: History): Window[] {
  const answers = history
    .events('control')
    .filter(([, , , { type }]) => type === 'cursor_reset_complete')
  const byClient = Map.groupBy(answers, ([, , client]) => client)
  return history.events('sent').flatMap(([, begin, client, what]): Window[] => {
    if (what !== 'reset') return []
    const answer = byClient.get(client)?.find(([, t]) => t >= begin)
    return [{ begin, end: answer?.[1] ?? begin + unansweredResetMicros }]
  })
}

/** Whether `t` lies in one of the windows, each `before` longer in front and `after` behind. */
export const isWithin = (
  windows: readonly Window[],
  t: Micros,
  before: Micros,
  after: Micros,
): boolean => windows.some(({ begin, end }) => t >= begin - before && t <= end + after)
