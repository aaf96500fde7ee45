/** The neighbours of malformed records: delivered, not refused, and their threads' states right. */
import type { History } from '../../history/history.ts'
import { isBlocked, type RunFlag } from '../../../relay/client/flags.ts'
import { episodeTruth, kindOfThread } from '../../records/malformed-truth.ts'
import { malformed } from '../../records/malformed.ts'
import type { Violation } from '../reading/conclude.ts'
import { deadLettered } from '../stream/exempt.ts'
import type { Flaw } from '../stream/flaw.ts'
import type { IsFit } from './client-account.ts'
import type { Reactions } from './reactions.ts'
import { takenBy } from './taken.ts'

/** Refusals that are about deliveries and not about the record. */
const repeated = new Set(['redelivered', 'superseded', 'duplicate'])

/** Which malformed kinds are judged. */
export type IsWanted = (kind: string | undefined) => boolean

/**
 * Valid records that were lost next to a malformed one while the relay continued, or that were
 * dead-lettered themselves.
 */
export function relayNeighbours(history: History, flaws: readonly Flaw[]): Violation[] {
  const taken = takenBy(history)
  const gone = flaws.filter(({ partition, last }) => last <= (taken.get(partition)?.passed ?? -1))
  return [
    ...gone.map(
      ({ client, partition, first, last, at }): Violation => ({
        rule: 'took-neighbour',
        says:
          `Client ${client} did not get the valid records ${first} to ${last} of partition ` +
          `${partition}, next to a malformed one.`,
        at,
      }),
    ),
    ...validDeadLetters(history),
  ]
}

function validDeadLetters(history: History): Violation[] {
  return [...deadLettered(history)].flatMap(([partition, offsets]) => {
    const records = history.stream().records.get(partition)
    if (records === undefined) return []
    return offsets.flatMap((offset): Violation[] => {
      const index = records.indexOf(offset)
      if (index < 0 || records.malformed.has(offset)) return []
      const says =
        `The valid record at partition ${partition}, offset ${offset} must be delivered; it ` +
        'was dead-lettered.'
      return [{ rule: 'took-neighbour', says, at: records.ackedAt[index] as number }]
    })
  })
}

/** After a record that blocks its thread, valid ones are rightly refused too. */
export function refusedNeighbours(
  history: History,
  { clients }: Reactions,
  isFit: IsFit,
  isWanted: IsWanted,
): Violation[] {
  const own = new Set(clients)
  const { records } = history.stream()
  return history.events('refusal').flatMap(([, at, client, partition, offset, reason]) => {
    const acked = records.get(partition)
    const index = acked?.indexOf(Number(offset)) ?? -1
    if (!own.has(client) || acked === undefined || index < 0 || repeated.has(reason)) return []
    const { thread, malformed: odd } = acked.record(index)
    if (odd !== undefined || isBlockedThread(thread) || !isFit(client, thread)) return []
    if (!isWanted(kindOfThread(thread))) return []
    const says =
      `The valid record at partition ${partition}, offset ${offset} must be applied; client ` +
      `${client} refused it for ${reason}.`
    return [{ rule: 'neighbour-refused', says, at }]
  })
}

function isBlockedThread(thread: string): boolean {
  const kind = kindOfThread(thread)
  return kind !== undefined && malformed(kind).client.does === 'refuses'
}

/** Thread states that differ from the producer's, or are right and doubted. */
export function stateViolations(states: Reactions['states']): Violation[] {
  return states.flatMap(([, at, client, thread, sequence, isEqual, flags]): Violation[] => {
    const kind = kindOfThread(thread)
    const mustFlag = kind !== undefined && episodeTruth(kind, thread, sequence).isFlagged
    const isFlagged = isBlocked(new Set(flags as readonly RunFlag[]))
    const says = sayState(isEqual, isFlagged, mustFlag, flags)
    if (says === undefined) return []
    const where = `thread ${JSON.stringify(thread)} at sequence ${sequence}`
    return [{ rule: 'state-differs', says: `Client ${client} ${says(where)}.`, at }]
  })
}

function sayState(
  isEqual: boolean,
  isFlagged: boolean,
  mustFlag: boolean,
  flags: readonly string[],
): ((thread: string) => string) | undefined {
  if (!isEqual) {
    return (thread) => `must have the producer's state of ${thread}; it has another one`
  }
  if (isFlagged && !mustFlag) {
    const by = flags.join(', ')
    return (thread) => `must trust its right state of ${thread}; it doubts it (${by})`
  }
  if (isFlagged || !mustFlag) return undefined
  return (thread) =>
    `must doubt its unproven state of ${thread}; it trusts it`
}
