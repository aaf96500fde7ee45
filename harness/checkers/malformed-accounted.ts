/**
 * Every malformed record, one by one. Of the relay: dead-lettered with a right reason, counted as
 * missing, or forwarded, with all its neighbours. Of the reference client: refused with a right
 * reason, or applied if it only looks malformed, and every thread's state equal to the producer's
 * truth. Each is judged by what it got: what the relay lost does not count against a client.
 */
import { z } from 'zod'
import type { RunState } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { kindOfThread } from '../records/malformed-truth.ts'
import { allMalformedKinds } from '../records/malformed.ts'
import { checker, type Judgement } from './checker.ts'
import { cannotTell, conclude, type Doubt } from './reading/conclude.ts'
import {
  clientAccount,
  soundThreads,
  wholeThreads,
  type IsFit,
} from './malformed/client-account.ts'
import {
  refusedNeighbours,
  relayNeighbours,
  stateViolations,
  type IsWanted,
} from './malformed/neighbours.ts'
import { reactions } from './malformed/reactions.ts'
import { malformedRecords, type Odd } from './malformed/records.ts'
import { relayAccount, type Outcomes } from './malformed/relay-account.ts'
import { takenBy } from './malformed/taken.ts'
import { count, groupRef, names, type OptionsOf } from './options.ts'
import { anomaliesOf } from './stream/flaw.ts'
import { streamFlaws } from './stream.ts'

const schema = z.strictObject({
  /** Whose reaction is judged: the relay's, or that of the reference clients of `group`. */
  judges: z.enum(['relay', 'client']),
  /** Clients that decode with the reference client. */
  group: groupRef,
  /** Kinds to judge; default is every kind there is. */
  kinds: names.exactOptional(),
  /** Kinds that are judged elsewhere. */
  exceptKinds: names.exactOptional(),
  /**
   * Of a client: also judge the threads of the load, and those that it doubted before their
   * malformed record. Every state holds integers above 2^53, which show there.
   */
  isOfLoad: z.boolean().exactOptional(),
  /** Least number of records of each kind; default 1. */
  each: count.exactOptional(),
})
export type MalformedAccountedOptions = OptionsOf<typeof schema>

/** Gravest first: what decides when several rules are broken. */
const order = [
  'stopped-at',
  'took-neighbour',
  'leaked',
  'unaccounted',
  'applied-as-text',
  'wrong-reaction',
  'state-differs',
  'wrong-reason',
  'twice',
  'miscounted',
  'neighbour-refused',
]
const byGravity = (a: { rule: string }, b: { rule: string }) =>
  order.indexOf(a.rule) - order.indexOf(b.rule)

export const malformedAccounted = checker({
  says: 'Every malformed record is accounted for, and its neighbours are unaffected.',
  options: schema,
  judge(history, options) {
    const wanted = wantedKinds(options)
    const odd = malformedRecords(history).filter(({ kind }) => wanted.includes(kind))
    if (odd.length === 0) {
      const fix = 'see why the producer could not write to Kafka, and repeat the run'
      return cannotTell('none-sent', 'No malformed record was acknowledged.', fix)
    }
    return options.judges === 'relay'
      ? judgeRelay(history, options, { wanted, odd })
      : judgeClient(history, options, { wanted, odd })
  },
})

const wantedKinds = ({ kinds, exceptKinds = [] }: MalformedAccountedOptions): readonly string[] =>
  (kinds ?? allMalformedKinds).filter((kind) => !exceptKinds.includes(kind))

interface Given {
  readonly wanted: readonly string[]
  readonly odd: readonly Odd[]
}

function judgeRelay(history: History, options: MalformedAccountedOptions, given: Given): Judgement {
  const { wanted, odd } = given
  const { flaws } = streamFlaws(history, {})
  const neighbours = flaws.filter(({ kind }) => kind === 'malformed-took-neighbour')
  const account = relayAccount(history, odd)
  const violations = [...relayNeighbours(history, neighbours), ...account.violations]
  return conclude({
    violations: violations.sort(byGravity),
    doubts: [...account.doubts, tooFew(wanted, odd, options.each ?? 1)],
    holds: {
      rule: 'accounted',
      says:
        `${countOf(odd)} ${odd.length === 1 ? 'was' : 'were'} accounted for: ` +
        `${outcomeText(account.outcomes)}; none of ${validTaken(history)} valid records was ` +
        'dead-lettered or lost with them.',
    },
    exercised: account.judged.length,
    counted: 'malformed records',
    evidence: {
      malformed: odd.length,
      taken: account.judged.length,
      kinds: kindsOf(odd).length,
      ...account.outcomes,
      ...(account.stoppedAt.length > 0 && { stoppedAt: account.stoppedAt.join(', ') }),
    },
    anomalies: anomaliesOf(neighbours),
  })
}

function judgeClient(
  history: History,
  options: MalformedAccountedOptions,
  { wanted, odd }: Given,
): Judgement {
  const told = reactions(history, options.group)
  if (told.clients.length === 0) {
    const fix = `see why no client of ${options.group} could connect`
    return cannotTell('no-reference', `No client of ${options.group} was connected.`, fix)
  }
  const { isOfLoad = false } = options
  const isWhole = wholeThreads(history, told.clients)
  const isSound = soundThreads(history, malformedRecords(history))
  const isFit: IsFit = (client, thread) =>
    isWhole(client, thread) && (isOfLoad || isSound(client, thread))
  const isWanted: IsWanted = (kind) => (kind === undefined ? isOfLoad : wanted.includes(kind))
  const account = clientAccount(odd, told, isFit)
  const states = told.states.filter(
    ([, , client, thread]) => isWanted(kindOfThread(thread)) && isFit(client, thread),
  )
  const violations = [
    ...account.violations,
    ...stateViolations(states),
    ...refusedNeighbours(history, told, isFit, isWanted),
  ]
  return conclude({
    violations: violations.sort(byGravity),
    doubts: [...account.doubts, tooFew(wanted, odd, options.each ?? 1), stateDoubt(states.length)],
    holds: {
      rule: 'accounted',
      says:
        `Reference clients got ${countOf(account.judged)} and ${reactionText(account.judged)}; ` +
        `at the end ${statesText(states)} were right.`,
    },
    exercised: account.judged.length,
    counted: 'malformed records',
    evidence: {
      malformed: odd.length,
      seen: account.judged.length,
      kindsSeen: kindsOf(account.judged).length,
      refusals: account.refusals,
      statesOfKinds: states.filter(isOfKind).length,
      statesOfLoad: states.filter((one) => !isOfKind(one)).length,
    },
  })
}

const kindsOf = (odd: readonly Odd[]): readonly string[] => [
  ...new Set(odd.map(({ kind }) => kind)),
]

/** Such as "420 malformed records of 37 kinds" and "1 malformed record (tombstone)". */
function countOf(odd: readonly Odd[]): string {
  const [first, ...more] = kindsOf(odd)
  const kinds = more.length === 0 ? `(${first})` : `of ${more.length + 1} kinds`
  return `${odd.length} malformed ${odd.length === 1 ? 'record' : 'records'} ${kinds}`
}

/** Only outcomes that occurred. */
function outcomeText({ deadLettered, forwarded, ...counted }: Outcomes): string {
  const { withoutValue, countedAsLost } = counted
  const all: readonly (readonly [many: number, what: string])[] = [
    [deadLettered, 'dead-lettered'],
    [forwarded, 'forwarded'],
    [withoutValue, 'counted as missing'],
    [countedAsLost, 'counted as lost while Kafka was cut off'],
  ]
  return all.flatMap(([many, what]) => (many > 0 ? [`${many} ${what}`] : [])).join(', ')
}

/** The reactions to records that all got the right one. */
function reactionText(judged: readonly Odd[]): string {
  const refused = judged.filter(({ row }) => row.client.does !== 'applies').length
  const applied = judged.length - refused
  return [
    ...(refused > 0 ? [`refused ${refused} for the right reason`] : []),
    ...(applied > 0 ? [`applied ${applied}`] : []),
  ].join(', ')
}

const isOfKind = ([, , , thread]: RunState): boolean => kindOfThread(thread) !== undefined

/** Threads also have states for kinds whose malformed record never reaches a client. */
function statesText(states: readonly RunState[]): string {
  const own = states.filter(isOfKind)
  const ofLoad = states.length - own.length
  const [first, ...more] = new Set(own.map(([, , , thread]) => kindOfThread(thread)))
  const kinds = more.length === 0 ? first : `${more.length + 1} kinds`
  return [
    ...(own.length > 0 ? [`${own.length} states of threads with ${kinds}`] : []),
    ...(ofLoad > 0 ? [`${ofLoad} of threads of the load`] : []),
  ].join(' and ')
}

/** Valid records that the relay has processed. */
function validTaken(history: History): number {
  const taken = takenBy(history)
  let valid = 0
  for (const [partition, records] of history.stream().records) {
    const passed = taken.get(partition)?.passed ?? -1
    for (const offset of records.offsets.subarray(0, records.length)) {
      if (offset <= passed && !records.malformed.has(offset)) valid += 1
    }
  }
  return valid
}

function tooFew(wanted: readonly string[], odd: readonly Odd[], each: number): Doubt | undefined {
  const counts = new Map<string, number>()
  for (const { kind } of odd) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const short = wanted.find((kind) => (counts.get(kind) ?? 0) < each)
  if (short === undefined) return undefined
  const found = counts.get(short) ?? 0
  const says = `At least ${each} records of kind ${short} are needed; Kafka acknowledged ${found}.`
  return { rule: 'kind-not-exercised', says, fix: 'repeat the run: the producer sent too little' }
}

function stateDoubt(states: number): Doubt | undefined {
  if (states > 0) return undefined
  const says = "No thread's state was compared with the producer's."
  return { rule: 'no-run-states', says, fix: 'see why the reference clients recorded none' }
}
