/**
 * Every malformed record, one by one: dead-lettered with a right reason, counted as missing,
 * refused by the reference client with a right reason, or applied where it only looks dangerous.
 * And its neighbours: delivered, applied, and every run's state equal to the producer's truth.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import { allMalformedKinds } from '../stimuli/malformed.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude } from './conclude.ts'
import { reactions, type Reactions } from './malformed/reactions.ts'
import { neighbourViolations, stateViolations } from './malformed/neighbours.ts'
import { malformedRecords, type Odd } from './malformed/records.ts'
import { accountFor } from './malformed/account.ts'
import { count, name, names, type GroupName } from './options.ts'
import { anomaliesOf } from './stream/flaw.ts'
import { streamFlaws } from './stream.ts'

export interface MalformedAccountedOptions<G extends string = string> {
  /** Clients that decode with the reference client. */
  readonly group: GroupName<G>
  /** Kinds to judge; default is every kind there is, and the neighbours of all. */
  readonly kinds?: readonly string[]
  /** Least number of records of each kind; default 1. */
  readonly each?: number
}

/** Gravest first: what decides when several rules are broken. */
const order = [
  'took-neighbour',
  'leaked',
  'unaccounted',
  'applied-as-text',
  'wrong-reaction',
  'state-differs',
  'wrong-reason',
  'twice',
  'neighbour-refused',
]

export const malformedAccounted: Checker<MalformedAccountedOptions> = {
  says: 'Every malformed record is accounted for, and none of its neighbours suffers.',
  options: z.strictObject({
    group: name,
    kinds: names.exactOptional(),
    each: count.exactOptional(),
  }),
  judge(history, options) {
    const wanted = options.kinds ?? allMalformedKinds
    const odd = malformedRecords(history).filter(({ kind }) => wanted.includes(kind))
    if (odd.length === 0) return cannotTell('none-sent', 'No malformed record was acknowledged.')
    const told = reactions(history, options.group)
    if (told.clients.length === 0) {
      return cannotTell('no-reference', `No client of ${options.group} was there to decode.`)
    }
    return judgeOdd(history, options, { wanted, odd, told })
  },
}

interface Given {
  readonly wanted: readonly string[]
  readonly odd: readonly Odd[]
  readonly told: Reactions
}

function judgeOdd(history: History, options: MalformedAccountedOptions, given: Given) {
  const { wanted, odd, told } = given
  const { flaws } = streamFlaws(history, undefined, false)
  const neighbours = flaws.filter(({ kind }) => kind === 'malformed-took-neighbour')
  const violations = [
    ...(options.kinds === undefined ? neighbourViolations(history, told, neighbours) : []),
    ...accountFor(history, odd, told),
    ...stateViolations(history, told, options.kinds),
  ].sort((a, b) => order.indexOf(a.rule) - order.indexOf(b.rule))
  const plural = wanted.length === 1 ? '' : 's'
  return conclude({
    violations,
    doubts: [tooFew(wanted, odd, options.each ?? 1), stateDoubt(told, options.kinds)],
    holds: {
      rule: 'accounted',
      says:
        `${odd.length} malformed records of ${wanted.length} kind${plural} are accounted for, ` +
        `and ${told.states.length} run states are right.`,
    },
    exercised: odd.length,
    evidence: {
      malformed: odd.length,
      kinds: new Set(odd.map(({ kind }) => kind)).size,
      deadLetters: history.events('deadletter').length,
      refusals: told.refusals,
      runStates: told.states.length,
    },
    anomalies: anomaliesOf(neighbours),
  })
}

function tooFew(wanted: readonly string[], odd: readonly Odd[], each: number) {
  const counts = new Map<string, number>()
  for (const { kind } of odd) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const short = wanted.find((kind) => (counts.get(kind) ?? 0) < each)
  if (short === undefined) return undefined
  const says = `At least ${each} of ${short} were wanted; there were ${counts.get(short) ?? 0}.`
  return { rule: 'kind-not-exercised', says }
}

function stateDoubt({ states }: Reactions, kinds: readonly string[] | undefined) {
  if (states.length > 0 || kinds !== undefined) return undefined
  return { rule: 'no-run-states', says: 'No run state was compared with the truth.' }
}
