/**
 * The outcome of every malformed record at the relay. A record counts only once the relay has
 * processed it, and only what the harness read itself is a trace: a delivery, a dead letter. The
 * relay's own counters excuse nothing, except while the harness cut it off from Kafka.
 */
import type { DeadLetter, Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { FaultWindow } from '../../history/windows.ts'
import { malformedKinds, type Malformed } from '../../records/malformed.ts'
import { allowances } from '../reading/allowances.ts'
import { seconds, type Doubt, type Violation } from '../reading/conclude.ts'
import { riseWithin } from '../reading/series.ts'
import type { Odd } from './records.ts'
import { chanceMax, placeOf, stopsOf, takenBy, type Stop, type Taken } from './taken.ts'

const { outageReportedLateMicros } = allowances

/** What was found, for which records. */
export interface Accounted {
  readonly violations: readonly Violation[]
  readonly doubts: readonly Doubt[]
  readonly judged: readonly Odd[]
}

/** How many of the judged records left which trace. */
export interface Outcomes {
  readonly deadLettered: number
  readonly forwarded: number
  /** Without a value and without a dead letter: these must be counted as missing. */
  readonly withoutValue: number
  /** The rise of their counter; null if the relay has none, or if there are no such records. */
  readonly missingCounted: number | null
  /** Not in Kafka because the harness cut the link, and counted as lost by the relay. */
  readonly countedAsLost: number
}

type Found = Pick<Accounted, 'violations' | 'doubts'>

export function relayAccount(
  history: History,
  odd: readonly Odd[],
): Accounted & { readonly stoppedAt: readonly string[]; readonly outcomes: Outcomes } {
  const taken = takenBy(history)
  const stops = stopsOf(history, taken)
  const letters = Map.groupBy(history.events('deadletter'), ({ fields }) =>
    placeOf(fields['kafka_partition'], fields['kafka_offset']),
  )
  const isPassed = ({ record }: Odd) => record.offset <= (taken.get(record.partition)?.passed ?? -1)
  const judged = odd.filter(isPassed)
  const isOurWords = usesOurWords(history)
  const given = { history, taken, isRepeatable: mayRepeat(history), isOurWords }
  const found = judged.flatMap((one) => {
    const { partition, offset } = one.record
    return accountOf(given, one, letters.get(placeOf(partition, offset)) ?? [])
  })
  const pardoned = pardonedOf(history, found)
  const own = readable(history, found.filter((one) => !pardoned.has(one)))
  const uncounted = judged.filter(({ record: { partition, offset } }) =>
    letters.get(placeOf(partition, offset)) === undefined,
  )
  const missing = missingCount(history, uncounted)
  return {
    violations: [...stops.flatMap(stopped), ...own.violations, ...missing.violations],
    doubts: [
      ...stops.map(suspected),
      ...notTaken(odd, judged, stops),
      ...own.doubts,
      ...missing.doubts,
    ],
    judged,
    outcomes: {
      deadLettered: judged.length - uncounted.length,
      forwarded: uncounted.filter(isForwarded(taken)).length,
      withoutValue: uncounted.filter(isWithoutValue).length,
      missingCounted: missing.counted,
      countedAsLost: pardoned.size,
    },
    stoppedAt: [...new Set(stops.map(({ kind }) => kind))],
  }
}

const isWithoutValue = ({ row }: Odd): boolean => row.relay.does === 'counts-as-missing'
const isForwarded =
  (taken: ReadonlyMap<number, Taken>) =>
  ({ record: { partition, offset } }: Odd): boolean =>
    taken.get(partition)?.delivered.has(offset) === true

interface Given {
  readonly history: History
  readonly taken: ReadonlyMap<number, Taken>
  readonly isRepeatable: boolean
  /** Whether its dead letters use our `error_type` values at all. */
  readonly isOurWords: boolean
}

const ourWords: ReadonlySet<unknown> = new Set(
  Object.values<Malformed>(malformedKinds).flatMap(({ relay }) =>
    relay.does === 'dead-letters' ? relay.errorTypes : [],
  ),
)

const usesOurWords = (history: History): boolean =>
  history.events('deadletter').some(({ fields }) => ourWords.has(fields['error_type']))

/** Whether records may be read again: after a fault, and after the group changed. */
function mayRepeat(history: History): boolean {
  const steady = history.phase('steady')?.end ?? 0
  const unstable = history
    .events('lagtruth')
    .some(([, t, , state]) => t > steady && state !== 'Stable')
  return history.faults.length > 0 || unstable
}

export const flaw = (
  rule: string,
  { kind, record }: Odd,
  found: string,
  at: Micros = record.ackedAt,
): Violation & { readonly of: Odd['record'] } => ({
  rule,
  says: `The ${kind} record at partition ${record.partition}, offset ${record.offset} ${found}.`,
  at,
  of: record,
})

type Flawed = ReturnType<typeof flaw>

function accountOf(given: Given, one: Odd, own: DeadLetter[]): Flawed[] {
  const { history, taken } = given
  switch (one.row.relay.does) {
    case 'dead-letters': {
      const isSent = isForwarded(taken)(one)
      const isRight = one.row.relay.mayForward === true && isSent && own.length === 0
      return isRight ? [] : [...leaked(history, one), ...deadLettered(given, one, own)]
    }
    case 'counts-as-missing':
      return leaked(history, one)
    case 'forwards':
      return forwarded(taken.get(one.record.partition), one, own)
  }
}

/** Any client counts here, not only those that decode. */
function leaked(history: History, one: Odd): Flawed[] {
  const { partition, offset } = one.record
  for (const [client, deliveries] of history.stream().deliveries) {
    const run = deliveries
      .runs(partition)
      .find(({ first, last }) => first <= offset && offset <= last)
    if (run === undefined) continue
    const found = `must reach no client; client ${client} got it`
    return [flaw('leaked', one, found, run.from)]
  }
  return []
}

function deadLettered(
  { isRepeatable, isOurWords }: Given,
  one: Odd,
  own: readonly DeadLetter[],
): Flawed[] {
  const { relay } = one.row
  if (relay.does !== 'dead-letters') return []
  const [first] = own
  if (first === undefined) {
    return [flaw('unaccounted', one, 'must be dead-lettered; Kafka has no dead letter of it')]
  }
  const violations: Flawed[] = []
  if (own.length > 1 && !isRepeatable) {
    const found = `must be dead-lettered once; it was dead-lettered ${own.length} times`
    violations.push(flaw('twice', one, found, own[1]?.t))
  }
  const type = first.fields['error_type'] as string
  if (isOurWords && !(relay.errorTypes as readonly string[]).includes(type)) {
    const wanted = relay.errorTypes.join(' or ')
    const found = `must be dead-lettered as ${wanted}; its dead letter says ${type}`
    violations.push(flaw('wrong-reason', one, found, first.t))
  }
  return violations
}

/** A valid record that only looks malformed, or that only clients can refuse. */
function forwarded(taken: Taken | undefined, one: Odd, own: readonly DeadLetter[]): Flawed[] {
  const [letter] = own
  if (letter !== undefined) {
    return [flaw('wrong-reaction', one, 'must be forwarded; it was dead-lettered', letter.t)]
  }
  if (taken?.delivered.has(one.record.offset) === true) return []
  return [flaw('unaccounted', one, 'must be forwarded; no client got it')]
}

/**
 * Dead letters that could not reach Kafka because the harness cut the link, and that the relay
 * counted as lost in that time, are accounted for: the relay promises no more.
 */
function pardonedOf(history: History, found: readonly Flawed[]): ReadonlySet<Flawed> {
  const cuts = history.faults.filter(({ effects }) => effects.on === 'kafka')
  const pardoned = new Set<Flawed>()
  for (const cut of cuts) {
    const lost = found.filter((one) => one.rule === 'unaccounted' && wasCut(cut, one))
    const end = cut.end + outageReportedLateMicros
    const counted = riseWithin(history.signal('dlqFailures'), cut.begin, end)
    for (const one of lost.slice(0, counted)) pardoned.add(one)
  }
  return pardoned
}

const wasCut = ({ begin, end }: FaultWindow, { of }: Flawed): boolean =>
  of.sentAt <= end && of.ackedAt >= begin - outageReportedLateMicros

function stopText({ kind, record, waiting, forMicros }: Stop): string {
  const where = `partition ${record.partition}, offset ${record.offset}`
  const since = `${waiting} records waited for ${seconds(forMicros)}`
  return `The relay read nothing more from a ${kind} record (${where}) on: ${since}`
}

const stopped = (stop: Stop): Violation[] =>
  stop.isProven
    ? [{ rule: 'stopped-at', says: `${stopText(stop)}, to the end of the run.`, at: stop.at }]
    : []

const suspected = (stop: Stop): Doubt => ({
  rule: 'stopped-near',
  says:
    `${stopText(stop)}. That may be chance: the next record is a malformed one with a ` +
    `probability of ${Math.round(stop.chance * 100)} % (limit ${chanceMax * 100} %).`,
  fix: `run with --kinds ${stop.kind} to see whether it happens again`,
})

/** Records that the relay never reached prove nothing; the record that stopped it is named. */
function notTaken(odd: readonly Odd[], judged: readonly Odd[], stops: readonly Stop[]): Doubt[] {
  const left = odd.length - judged.length
  if (left === 0) return []
  const by = stops.map(({ kind }) => kind).join(', ')
  const why = by === '' ? '' : ` It had stopped at ${by}.`
  return [
    {
      rule: 'not-taken',
      says:
        `${left} of ${odd.length} malformed records were not read: neither they nor any later ` +
        `record left the relay.${why}`,
      fix:
        by === ''
          ? 'find out why the relay read no more records: see the verdict on the stream'
          : restKinds(stops),
    },
  ]
}

const restKinds = (stops: readonly Stop[]): string =>
  `run the others with --kinds ${['all', ...stops.map(({ kind }) => `-${kind}`)].join(',')}`

/** If the harness could not read all dead letters, a missing one proves nothing. */
function readable(history: History, found: readonly Flawed[]): Found {
  const trouble = history.events('trouble').find(({ where }) => where === 'dead-letters')
  const violations = found.filter(({ rule }) => trouble === undefined || rule !== 'unaccounted')
  if (trouble === undefined || violations.length === found.length) return { violations, doubts: [] }
  const says = `Not all dead letters could be read: ${trouble.what}.`
  return { violations, doubts: [{ rule: 'dead-letters-unread', says, fix: 'repeat the run' }] }
}

/**
 * Records without a value leave only a counter, which must rise by their number. One that was
 * dead-lettered instead has left its trace.
 */
function missingCount(
  history: History,
  odd: readonly Odd[],
): Found & { readonly counted: number | null } {
  const sent = odd.filter(isWithoutValue)
  const [first] = sent
  if (first === undefined) return { violations: [], doubts: [], counted: null }
  const reading = history.signal('payloadMissing')
  if (reading.v.every((value) => value === null)) {
    const says = 'The target exports no counter of records without a value.'
    const fix = 'export websocket_kafka_payload_missing_total, or run --kinds all,-tombstone'
    return { violations: [], doubts: [{ rule: 'no-counter', says, fix }], counted: null }
  }
  const begin = Math.min(...sent.map(({ record }) => record.sentAt))
  const counted = riseWithin(reading, begin, history.end)
  const isMore = counted > sent.length && !mayRepeat(history)
  if (counted >= sent.length && !isMore) return { violations: [], doubts: [], counted }
  const found =
    `must be counted as missing (${sent.length} in all); the relay's counter rose by ${counted}`
  const violation = flaw(isMore ? 'miscounted' : 'unaccounted', first, found)
  return { violations: [violation], doubts: [], counted }
}
