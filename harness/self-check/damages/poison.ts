/** Malformed records that went astray, and valid ones that went with them. */
import type { DeadLetter, HistoryEvent, Refusal } from '../../history/event.ts'
import type { AckedRecord } from '../../history/records.ts'
import { runFlags } from '../../../relay/client/flags.ts'
import { malformedKinds, type Malformed } from '../../records/malformed.ts'
import { edited, type Damage, type Given } from '../damage.ts'
import { editKind, insert, runsOf, withoutDeliveries, withoutKind, type Events } from '../edit.ts'
import { plainClient, plainRecord } from '../places.ts'
import { editMetric } from '../reported.ts'

const seenBy = ['malformed-accounted'] as const
type Kind = (kind: string, row: Malformed) => boolean

export const poison: readonly Damage[] = [
  {
    name: 'a malformed record reaches a client',
    says: 'A record that must be dead-lettered is sent to a client.',
    finds: ['malformed-leaked'],
    apply(given) {
      const record = some(given, mustBeRefused)
      const client = plainClient(given)
      if (record === undefined || client === undefined) return undefined
      const { partition, offset } = record
      const runs = given.history.stream().deliveries.get(client)?.runs(partition) ?? []
      const t = runs.find(({ last }) => last > offset)?.from ?? record.ackedAt
      const leaked = runsOf([{ client, partition, offset, t, path: 'live' }])
      return edited(insert(given.events, client, t - 1, ...leaked))
    },
  },
  {
    name: 'a valid record is dead-lettered',
    says: 'A valid record has a dead letter and reaches no client.',
    finds: ['valid-dead-lettered', 'took-neighbour', 'malformed-took-neighbour', 'lost'],
    seenBy: ['stream', 'malformed-accounted'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      const { partition, offset, t } = record
      const left = withoutDeliveries(given.events, { partition, first: offset, last: offset })
      return edited([...left, letter(t, partition, offset)])
    },
  },
  {
    name: 'a valid record is dead-lettered and delivered',
    says: 'A valid record reaches everybody and has a dead letter as well.',
    finds: ['valid-dead-lettered', 'took-neighbour'],
    seenBy: ['stream', 'malformed-accounted'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      return edited([...given.events, letter(record.t, record.partition, record.offset)])
    },
  },
  {
    name: 'a malformed record takes its neighbour',
    says: 'The valid record beside a malformed one reaches no client.',
    finds: ['malformed-took-neighbour', 'lost'],
    apply(given) {
      const neighbour = neighbourOf(given)
      if (neighbour === undefined) return undefined
      const { partition, offset } = neighbour
      return edited(withoutDeliveries(given.events, { partition, first: offset, last: offset }))
    },
  },
  {
    name: 'a dead letter is lost',
    says: 'A malformed record leaves no dead letter.',
    finds: ['unaccounted'],
    seenBy,
    apply: (given) => edited(editLetter(given, () => [])),
  },
  {
    name: 'all dead letters are lost and counted as failed',
    says: 'No dead letter reaches Kafka, and the relay says of each that it failed.',
    finds: ['unaccounted'],
    seenBy,
    apply(given) {
      const letters = given.history.events('deadletter').length
      if (letters === 0) return undefined
      const left = withoutKind(given.events, 'deadletter')
      return edited(editMetric(left, 'dlqFailures', () => letters))
    },
  },
  {
    name: 'a record is dead-lettered twice',
    says: 'A malformed record has two dead letters, and nothing was restarted.',
    finds: ['twice'],
    seenBy,
    apply: (given) => edited(editLetter(given, (event) => [event, event])),
  },
  {
    name: 'a dead letter has a wrong reason',
    says: 'A dead letter calls the record something else than what it is.',
    finds: ['wrong-reason'],
    seenBy,
    apply: (given) =>
      edited(
        editLetter(given, (event) => [
          { ...event, fields: { ...event.fields, error_type: 'decompression_failed_at_dawn' } },
        ]),
      ),
  },
  {
    name: 'missing payloads are not counted',
    says: 'Records without a value leave no trace in the counter of them.',
    finds: ['unaccounted'],
    seenBy,
    apply: (given) => edited(editMetric(given.events, 'payloadMissing', () => 0)),
  },
  {
    name: 'a refusal is missing',
    says: 'A client takes a malformed record without a word.',
    finds: ['wrong-reaction'],
    seenBy,
    apply: (given) => edited(editRefusal(given, isOrdinary, () => [])),
  },
  {
    name: 'text is taken for JSON',
    says: 'A client takes a value that is not JSON for text.',
    finds: ['applied-as-text'],
    seenBy,
    apply: (given) =>
      edited(
        editRefusal(
          given,
          (kind) => kind === 'bad-patch-json',
          () => [],
        ),
      ),
  },
  {
    name: 'a refusal has a wrong reason',
    says: 'A client refuses a malformed record for something that it is not.',
    finds: ['wrong-reaction'],
    seenBy,
    apply: (given) =>
      edited(
        editRefusal(given, isOrdinary, ([kind, t, client, partition, offset]) => [
          [kind, t, client, partition, offset, 'mood'],
        ]),
      ),
  },
  {
    name: 'a valid record is refused',
    says: 'A client refuses a valid record.',
    finds: ['neighbour-refused'],
    seenBy,
    apply(given) {
      const record = plainRecord(given)
      const client = given.history.events('refusal')[0]?.[2]
      if (record === undefined || client === undefined) return undefined
      const { t, partition, offset } = record
      const refusal: Refusal = ['refusal', t, client, partition, String(offset), 'hash']
      return edited([...given.events, refusal])
    },
  },
  {
    name: 'a state differs',
    says: "A client's state of a run is one that the producer never had.",
    finds: ['state-differs'],
    seenBy,
    apply: (given) => edited(editState(given, false, [])),
  },
  {
    name: 'a right state is doubted',
    says: 'A client has the right state of a run and says that it needs a resync.',
    finds: ['state-differs'],
    seenBy,
    apply: (given) => edited(editState(given, true, Object.keys(runFlags))),
  },
]

const mustBeRefused: Kind = (_, { relay }) =>
  relay.does === 'dead-letters' && relay.mayForward !== true
const mustReachNoClient: Kind = (kind, row) =>
  row.relay.does === 'counts-as-missing' || mustBeRefused(kind, row)

const isOrdinary: Kind = (kind, { relay, client }) =>
  relay.does === 'forwards' && client.does === 'refuses' && !kind.startsWith('bad-patch')

/** One malformed record of a kind. */
function some({ history, dice }: Given, isWanted: Kind): AckedRecord | undefined {
  const rows: Readonly<Record<string, Malformed>> = malformedKinds
  const found = [...history.stream().records.values()].flatMap((records) =>
    [...records.malformed].flatMap(([offset, kind]) => {
      const row = rows[kind]
      if (row === undefined || !isWanted(kind, row)) return []
      return [records.record(records.indexOf(offset))]
    }),
  )
  return found.length === 0 ? undefined : dice.pick(found)
}

/** A valid record directly behind one that must reach no client; every client got the valid one. */
function neighbourOf(given: Given): AckedRecord | undefined {
  for (let tries = 0; tries < 50; tries += 1) {
    const record = some(given, mustReachNoClient)
    const records = record && given.history.stream().records.get(record.partition)
    const index = records?.indexOf((record?.offset ?? 0) + 1) ?? -1
    if (records === undefined || index < 0) continue
    const neighbour = records.record(index)
    const { offset } = neighbour
    const runs = [...given.history.stream().deliveries.values()].flatMap((one) =>
      one.runs(records.partition),
    )
    const isDelivered = runs.some(({ first, last }) => first <= offset && last >= offset)
    if (isDelivered && neighbour.malformed === undefined) return neighbour
  }
  return undefined
}

function letter(t: number, partition: number, offset: number): HistoryEvent {
  const fields = {
    kafka_partition: partition,
    kafka_offset: offset,
    error_type: 'buffer_underflow',
  }
  return { kind: 'deadletter', t, fields }
}

function editLetter(
  { events, history, dice }: Given,
  change: (event: DeadLetter) => readonly DeadLetter[],
): Events | undefined {
  const letters = history.events('deadletter')
  if (letters.length === 0) return undefined
  const chosen = dice.pick(letters)
  return editKind(events, 'deadletter', (event) => (event === chosen ? change(event) : [event]))
}

/** Changes what was said of one malformed record by those who refuse it. */
function editRefusal(
  given: Given,
  isWanted: Kind,
  change: (event: Refusal) => readonly Refusal[],
): Events | undefined {
  const record = some(given, isWanted)
  if (record === undefined) return undefined
  return editKind(given.events, 'refusal', (event) => {
    const isOf = event[3] === record.partition && Number(event[4]) === record.offset
    return isOf ? change(event) : [event]
  })
}

function editState(
  { events, history, dice }: Given,
  isEqual: boolean,
  flags: readonly string[],
): Events | undefined {
  const right = history.events('runstate').filter((event) => event[5] && event[6].length === 0)
  if (right.length === 0) return undefined
  const chosen = dice.pick(right)
  return editKind(events, 'runstate', (event) => {
    const [kind, t, client, thread, sequence] = event
    return event === chosen ? [[kind, t, client, thread, sequence, isEqual, flags]] : [event]
  })
}
