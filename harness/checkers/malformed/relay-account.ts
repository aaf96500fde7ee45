/**
 * What the relay made of every malformed record. A record counts only once the relay has passed
 * it, and a trace is what the harness read itself: a delivery, a dead letter. What the relay says
 * of itself excuses nothing, except where the harness kept it from Kafka.
 */
import type { DeadLetter, Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { FaultWindow } from '../../history/windows.ts'
import { malformedKinds, type Malformed } from '../../stimuli/malformed.ts'
import { seconds, type Doubt, type Violation } from '../conclude.ts'
import { riseWithin } from '../series.ts'
import type { Odd } from './records.ts'
import { placeOf, stopsOf, takenBy, type Stop, type Taken } from './taken.ts'

/** What was found, and of which records. */
export interface Accounted {
  readonly violations: readonly Violation[]
  readonly doubts: readonly Doubt[]
  readonly judged: readonly Odd[]
}

type Found = Pick<Accounted, 'violations' | 'doubts'>

/** A relay that lost Kafka may tell of it this late. */
const tellingMicros = 10_000_000

export function relayAccount(
  history: History,
  odd: readonly Odd[],
): Accounted & { readonly stoppedAt: readonly string[] } {
  const taken = takenBy(history)
  const stops = stopsOf(history, taken)
  const letters = Map.groupBy(history.events('deadletter'), ([, , fields]) =>
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
  const own = readable(history, excused(history, found))
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
    stoppedAt: [...new Set(stops.map(({ kind }) => kind))],
  }
}

interface Given {
  readonly history: History
  readonly taken: ReadonlyMap<number, Taken>
  readonly isRepeatable: boolean
  /** Whether its dead letters give reasons in the contract's words at all. */
  readonly isOurWords: boolean
}

const ourWords: ReadonlySet<unknown> = new Set(
  Object.values<Malformed>(malformedKinds).flatMap(({ relay }) =>
    relay.does === 'dead-letters' ? relay.errorTypes : [],
  ),
)

const usesOurWords = (history: History): boolean =>
  history.events('deadletter').some(([, , fields]) => ourWords.has(fields['error_type']))

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
  says: `A ${kind} record (partition ${record.partition}, offset ${record.offset}) ${found}.`,
  at,
  of: record,
})

type Flawed = ReturnType<typeof flaw>

function accountOf(given: Given, one: Odd, own: DeadLetter[]): Flawed[] {
  const { history, taken } = given
  switch (one.row.relay.does) {
    case 'dead-letters': {
      const isForwarded = taken.get(one.record.partition)?.delivered.has(one.record.offset) === true
      const isRight = one.row.relay.mayForward === true && isForwarded && own.length === 0
      return isRight ? [] : [...leaked(history, one), ...deadLettered(given, one, own)]
    }
    case 'counts-as-missing':
      return leaked(history, one)
    case 'forwards':
      return forwarded(taken.get(one.record.partition), one, own)
  }
}

/** Any client at all counts here, not only those that decode. */
function leaked(history: History, one: Odd): Flawed[] {
  const { partition, offset } = one.record
  for (const [client, deliveries] of history.stream().deliveries) {
    const run = deliveries
      .runs(partition)
      .find(({ first, last }) => first <= offset && offset <= last)
    if (run === undefined) continue
    const found = `was to reach nobody; client ${client} got it`
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
    return [flaw('unaccounted', one, 'was to be dead-lettered; no dead letter of it is in Kafka')]
  }
  const violations: Flawed[] = []
  if (own.length > 1 && !isRepeatable) {
    violations.push(flaw('twice', one, `was dead-lettered ${own.length} times`, own[1]?.[1]))
  }
  const type = first[2]['error_type'] as string
  if (isOurWords && !(relay.errorTypes as readonly string[]).includes(type)) {
    const found = `was to be called ${relay.errorTypes.join(' or ')}; it was called ${type}`
    violations.push(flaw('wrong-reason', one, found, first[1]))
  }
  return violations
}

/** A valid record that only looks dangerous, or that only clients can refuse. */
function forwarded(taken: Taken | undefined, one: Odd, own: readonly DeadLetter[]): Flawed[] {
  const [letter] = own
  if (letter !== undefined) {
    return [flaw('wrong-reaction', one, 'was to be forwarded; it was dead-lettered', letter[1])]
  }
  if (taken?.delivered.has(one.record.offset) === true) return []
  return [flaw('unaccounted', one, 'was to be forwarded; no client got it')]
}

/**
 * Dead letters that could not reach Kafka because the harness cut the way to it, and that the
 * relay counted as lost in that time, are accounted for: that is its promise.
 */
function excused(history: History, found: readonly Flawed[]): readonly Flawed[] {
  const cuts = history.faults.filter(({ spec }) => spec['hop'] === 'kafka')
  const pardoned = new Set<Flawed>()
  for (const cut of cuts) {
    const lost = found.filter((one) => one.rule === 'unaccounted' && wasCut(cut, one))
    const counted = riseWithin(history.signal('dlqFailures'), cut.begin, cut.end + tellingMicros)
    for (const one of lost.slice(0, counted)) pardoned.add(one)
  }
  return found.filter((one) => !pardoned.has(one))
}

const wasCut = ({ begin, end }: FaultWindow, { of }: Flawed): boolean =>
  of.sentAt <= end && of.ackedAt >= begin - tellingMicros

function stopText({ kind, record, waiting, forMicros }: Stop): string {
  const where = `partition ${record.partition}, offset ${record.offset}`
  const since = `${waiting} records waited behind it for ${seconds(forMicros)}`
  return `The relay took nothing more at a ${kind} record (${where}): ${since}`
}

const stopped = (stop: Stop): Violation[] =>
  stop.isProven
    ? [{ rule: 'stopped-at', says: `${stopText(stop)}, to the end of the run.`, at: stop.at }]
    : []

const suspected = (stop: Stop): Doubt => ({
  rule: 'stopped-near',
  says: `${stopText(stop)}. Among so many malformed records that may be chance.`,
  fix: `see the run with --kinds ${stop.kind}, where it does it again or does not`,
})

/** Records that the relay never came to say nothing of it; whoever stopped it is named. */
function notTaken(odd: readonly Odd[], judged: readonly Odd[], stops: readonly Stop[]): Doubt[] {
  const left = odd.length - judged.length
  if (left === 0) return []
  const by = stops.map(({ kind }) => kind).join(', ')
  const why = by === '' ? 'see the verdict on the stream' : `it had stopped at ${by}`
  return [
    {
      rule: 'not-taken',
      says: `${left} of ${odd.length} malformed records were never taken by the relay: ${why}.`,
      fix: by === '' ? 'find out why the relay took no more records' : restKinds(stops),
    },
  ]
}

const restKinds = (stops: readonly Stop[]): string =>
  `play the others with --kinds ${['all', ...stops.map(({ kind }) => `-${kind}`)].join(',')}`

/** Where the harness could not read all dead letters, one that it lacks proves nothing. */
function readable(history: History, found: readonly Flawed[]): Found {
  const trouble = history.events('trouble').find(([, , where]) => where === 'dead-letters')
  const violations = found.filter(({ rule }) => trouble === undefined || rule !== 'unaccounted')
  if (trouble === undefined || violations.length === found.length) return { violations, doubts: [] }
  const says = `The dead letters could not all be read: ${trouble[3]}.`
  return { violations, doubts: [{ rule: 'dead-letters-unread', says, fix: 'repeat the run' }] }
}

/**
 * Records without a value leave only a number behind, which must rise by as many as there were.
 * One that was dead-lettered all the same has left its trace.
 */
function missingCount(history: History, odd: readonly Odd[]): Found {
  const sent = odd.filter(({ row }) => row.relay.does === 'counts-as-missing')
  const [first] = sent
  if (first === undefined) return { violations: [], doubts: [] }
  const reading = history.signal('payloadMissing')
  if (reading.v.every((value) => value === null)) {
    const says = 'The target exports no counter of records without a value.'
    const fix = 'export websocket_kafka_payload_missing_total, or play --kinds all,-tombstone'
    return { violations: [], doubts: [{ rule: 'no-counter', says, fix }] }
  }
  const begin = Math.min(...sent.map(({ record }) => record.sentAt))
  const counted = riseWithin(reading, begin, history.end)
  const isMore = counted > sent.length && !mayRepeat(history)
  if (counted >= sent.length && !isMore) return { violations: [], doubts: [] }
  const found = `is one of ${sent.length} without a value; the relay's count rose by ${counted}`
  return { violations: [flaw(isMore ? 'miscounted' : 'unaccounted', first, found)], doubts: [] }
}
