/** Declarations: forged, shifted, widened, dropped, or bought off with. */
import type { HistoryEvent, Micros } from '../../history/event.ts'
import { edited, type Damage, type Given } from '../damage.ts'
import { deliveriesOf, editKind, insert, withoutDeliveries, type Events } from '../edit.ts'
import { calmRows, isHonest, plainClients, plainRecord } from '../places.ts'

const untrue = ['gap-false', 'gap-needless', 'gap-inexact'] as const

export const gaps: readonly Damage[] = [
  {
    name: 'a gap of nothing, counted',
    says: 'A gap of 100 records is declared to a client that got everything.',
    finds: untrue,
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      const { client, t } = record
      return edited(insert(given.events, client, t, gap(t, client, { count: 100 })))
    },
  },
  {
    name: 'a gap over records that came',
    says: 'A gap is declared for records that the client already got.',
    finds: untrue,
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      const { client, partition, offset } = record
      const t = record.t + 1_000_000
      const frame = ranged(t, client, partition, offset - 2, offset)
      return edited(insert(given.events, client, t, frame))
    },
  },
  {
    name: 'a gap over records that still come',
    says: 'A gap is declared for records that the client gets afterwards.',
    finds: untrue,
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      const { client, partition, offset } = record
      const t = record.t - 500_000
      const frame = ranged(t, client, partition, offset, offset + 2)
      return edited(insert(given.events, client, t, frame))
    },
  },
  {
    name: 'a gap behind the end of the log',
    says: 'A gap is declared for records that were never produced.',
    finds: untrue,
    apply(given) {
      const record = plainRecord(given)
      const last = given.history.stream().records.get(record?.partition ?? -1)?.lastOffset
      if (record === undefined || last === undefined) return undefined
      const { client, partition, t } = record
      const frame = ranged(t, client, partition, last + 10, last + 20)
      return edited(insert(given.events, client, t, frame))
    },
  },
  {
    name: 'a gap is shifted',
    says: 'A gap names other records than those that are missing.',
    finds: ['gap-false', 'gap-hidden', 'gap-inexact'],
    apply: (given) =>
      edited(
        editGap(given, (frame, { first, last }) => [
          { ...frame, firstOffset: String(first + 7), lastOffset: String(last + 7) },
        ]),
      ),
  },
  {
    name: 'a gap is widened',
    says: 'A gap names more records than are missing.',
    finds: ['gap-false', 'gap-inexact'],
    apply: (given) =>
      edited(
        editGap(given, (frame, { last, count }) => [
          { ...frame, lastOffset: String(last + 5), count: count + 5 },
        ]),
      ),
  },
  {
    name: 'a gap counts wrong',
    says: 'A gap counts more records than its range holds.',
    finds: ['gap-inexact', 'gap-false'],
    apply: (given) =>
      edited(editGap(given, (frame, { count }) => [{ ...frame, count: count + 1_000 }])),
  },
  {
    name: 'a gap is not declared',
    says: 'Records are missing at a lagging client, without a declared gap.',
    finds: ['gap-hidden', 'skip', 'lost'],
    apply: (given) => edited(editGap(given, () => [])),
  },
  {
    name: 'a gap only counts, and too much',
    says: 'A gap with only a count covers records lost elsewhere.',
    finds: ['gap-false', 'gap-inexact', 'gap-needless', 'gap-hidden', 'skip', 'lost'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      const { client, partition, offset } = record
      const t = record.t - 500_000
      const where = { clients: [client], partition, first: offset, last: offset }
      const left = withoutDeliveries(given.events, where)
      return edited(insert(left, client, t, gap(t, client, { count: 100_000 })))
    },
  },
  {
    name: 'records are lost and declared',
    says: 'A fast client misses records without a cause; a gap declares them exactly.',
    finds: ['gap-needless'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      const { client, partition, offset, t } = record
      const where = { clients: [client], partition, first: offset - 1, last: offset + 1 }
      const left = withoutDeliveries(given.events, where)
      return edited(
        insert(left, client, t - 1, ranged(t - 1, client, partition, offset - 1, offset + 1)),
      )
    },
  },
  {
    name: 'a second is lost to everybody and declared',
    says: 'One second of calm traffic reaches no client; gaps declare it exactly.',
    finds: ['gap-needless', 'lost'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      const until = record.t
      return edited(
        plainClients(given).reduce<Events>(
          (events, client) => lostAndDeclared(given, events, client, until - 1_000_000, until),
          given.events,
        ),
      )
    },
  },
  {
    name: 'the rest is called capped',
    says: 'A replay says `capped` far below the limit, and the rest never arrives.',
    finds: [
      'capped-needless',
      'not-replayed',
      'gap-hidden',
      'seam-skip',
      'skip',
      'lost',
      'gap-needless',
    ],
    seenBy: ['stream', 'replays-answered'],
    apply(given) {
      const client = capable(given)
      if (client === undefined) return undefined
      const rows = deliveriesOf(given.events, { clients: [client], path: 'replay' })
      const cut = rows.slice(Math.floor(rows.length / 2))
      const left = cut.reduce<Events>((events, { partition, offset }, i) => {
        const before = cut[i - 1]
        if (before?.partition === partition && before.offset === offset - 1) return events
        const run = cut.slice(i).findIndex((row, n) => {
          return row.partition !== partition || row.offset !== offset + n
        })
        const last = run < 0 ? (cut.at(-1)?.offset ?? offset) : offset + run - 1
        const where = { clients: [client], partition, first: offset, last, path: 'replay' } as const
        return withoutDeliveries(events, where)
      }, given.events)
      return edited(
        editKind(left, 'control', (event) => {
          const [kind, t, to, frame] = event
          if (to !== client || frame['type'] !== 'replay_complete') return [event]
          return [
            [kind, t, to, { ...frame, capped: true, totalReplayed: rows.length - cut.length }],
          ]
        }),
      )
    },
  },
]

const gap = (t: Micros, client: number, more: Record<string, unknown>): HistoryEvent => [
  'control',
  t,
  client,
  { type: 'gap', severity: 'warning', message: 'messages missed', ...more },
]

const ranged = (t: Micros, client: number, partition: number, first: number, last: number) =>
  gap(t, client, {
    count: last - first + 1,
    partition,
    firstOffset: String(first),
    lastOffset: String(last),
  })

interface Told {
  readonly first: number
  readonly last: number
  readonly count: number
}
type Frame = Readonly<Record<string, unknown>>

/** Changes one of the gaps with a range that were declared in the run. */
function editGap(
  given: Given,
  change: (frame: Frame, told: Told) => readonly Record<string, unknown>[],
): Events | undefined {
  const all = given.history
    .events('control')
    .filter(([, , , frame]) => frame['type'] === 'gap' && frame['lastOffset'] !== undefined)
  const chosen = all[Math.floor(all.length / 2)]
  if (chosen === undefined) return undefined
  return editKind(given.events, 'control', (event) => {
    if (event !== chosen) return [event]
    const [kind, t, client, frame] = event
    const [first, last] = [Number(frame['firstOffset']), Number(frame['lastOffset'])]
    const told = { first, last, count: Number(frame['count']) }
    return change(frame, told).map((one) => [kind, t, client, one])
  })
}

/** Takes what came to a client within a time, and declares it, by partition. */
function lostAndDeclared(
  given: Given,
  events: Events,
  client: number,
  since: Micros,
  until: Micros,
): Events {
  const where = { clients: [client], since, until }
  const lost = Map.groupBy(
    calmRows(given, client).filter(({ t }) => t >= since && t <= until),
    ({ partition }) => partition,
  )
  const frames = [...lost].map(([partition, rows]) => {
    const offsets = rows.map(({ offset }) => offset)
    return ranged(since, client, partition, Math.min(...offsets), Math.max(...offsets))
  })
  return insert(withoutDeliveries(events, where), client, since, ...frames)
}

/** A client whose replay was long and not capped. */
function capable(given: Given): number | undefined {
  const complete = given.history.events('control').find(([, , client, frame]) => {
    const { type, capped, totalReplayed } = frame
    const isLong = type === 'replay_complete' && Number(totalReplayed) > 100
    return isLong && capped === false && isHonest(given, client)
  })
  return complete?.[2]
}
