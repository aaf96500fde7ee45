/** Records that were acknowledged and did not come. */
import { replayedIn } from '../../checkers/reading/replays.ts'
import type { HistoryEvent } from '../../history/event.ts'
import { isOnClients, type Window, type FaultWindow } from '../../history/windows.ts'
import { edited, type Damage, type Given } from '../damage.ts'
import {
  deliveriesOf,
  editTruth,
  insert,
  withoutDeliveries,
  withoutKind,
  type Events,
} from '../edit.ts'
import {
  askedReplays,
  faultThat,
  firstFaultAt,
  plainClient,
  plainClients,
  plainRecord,
  replayedRows,
  settledAt,
} from '../places.ts'

const second = 1_000_000
/** How long before the end a tail begins: later, a client may just be late. */
const tailMicros = 4 * second
/** How long a consumer stands still: longer than the least time that counts as standing. */
const standMicros = 12 * second

export const losses: readonly Damage[] = [
  {
    name: 'a record is lost',
    says: 'One record reaches no client.',
    finds: ['lost'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      const { partition, offset } = record
      return edited(withoutDeliveries(given.events, { partition, first: offset, last: offset }))
    },
  },
  {
    name: 'a record is lost at one client',
    says: 'One client does not get a record that others get.',
    finds: ['skip', 'gap-hidden', 'lost'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      const { client, partition, offset } = record
      return edited(
        withoutDeliveries(given.events, {
          clients: [client],
          partition,
          first: offset,
          last: offset,
        }),
      )
    },
  },
  {
    name: "a client's tail is lost",
    says: 'One client stays connected and gets nothing more.',
    finds: ['lost'],
    apply(given) {
      const client = plainClient(given)
      const since = tailSince(given, client)
      if (client === undefined || since === undefined) return undefined
      return edited(withoutDeliveries(given.events, { clients: [client], since }))
    },
  },
  {
    name: "everybody's tail is lost",
    says: 'The relay keeps reading and committing, but sends nothing more.',
    finds: ['lost', 'stalled'],
    apply(given) {
      const since = tailSince(given, plainClient(given))
      if (since === undefined) return undefined
      return edited(withoutDeliveries(given.events, { since }))
    },
  },
  {
    name: 'the consumer dies',
    says: 'Nothing more is read, although the group is stable and the partitions are held.',
    finds: ['stalled', 'lost'],
    apply(given) {
      const since = standSince(given)
      if (typeof since === 'string') return since
      const left = withoutDeliveries(given.events, { since })
      return edited(withoutReading(left, given, since))
    },
  },
  {
    name: 'a partition stands still',
    says: 'One partition is no longer read, although the group is stable and holds it.',
    finds: ['stalled', 'lost'],
    apply(given) {
      const since = standSince(given)
      if (typeof since === 'string') return since
      const [row] = deliveriesOf(given.events, { since, path: 'live' })
      if (row === undefined) return undefined
      const { partition } = row
      const left = withoutDeliveries(given.events, { since, partition })
      return edited(withoutReading(left, given, since, partition))
    },
  },
  {
    name: 'a partition is lost',
    says: 'No client gets anything of one partition.',
    finds: ['lost', 'malformed-took-neighbour'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      return edited(withoutDeliveries(given.events, { partition: record.partition }))
    },
  },
  {
    name: 'a partition is lost at one client',
    says: 'One client gets nothing of one partition.',
    finds: ['lost'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      const { client, partition } = record
      return edited(withoutDeliveries(given.events, { clients: [client], partition }))
    },
  },
  {
    name: "a client's session is lost",
    says: 'One client is connected throughout and gets nothing at all.',
    finds: ['lost'],
    apply(given) {
      const client = plainClient(given)
      if (client === undefined) return undefined
      return edited(withoutDeliveries(given.events, { clients: [client] }))
    },
  },
  {
    name: 'what came while the relay was away is skipped',
    says: 'A restarted relay skips what was produced in between.',
    finds: ['not-replayed'],
    seenBy: ['replays-answered'],
    apply(given) {
      const isAsked = askedReplays(given, ({ passedToo = false }) => passedToo).length > 0
      const away = faultThat(given, 'ends-relay')
      if (!isAsked || away === undefined) return undefined
      return edited(withoutSent(given, away))
    },
  },
  {
    name: 'a replay is empty',
    says: 'A client asks for a replay and gets none of it.',
    finds: ['not-replayed', 'lost', 'gap-hidden', 'skip', 'seam-skip'],
    seenBy: ['replays-answered'],
    apply(given) {
      const long = askedReplays(given, ({ isRetained = false }) => isRetained)
        .map(({ replay }) => replay)
        .filter((one) => one.from !== 'latest' && replayedIn(one) >= 20)
      if (long.length === 0) return undefined
      const { client, askedAt: since, end: until } = given.dice.pick(long)
      const where = { clients: [client], since, until, path: 'replay' } as const
      return edited(withoutDeliveries(given.events, where))
    },
  },
  {
    name: 'a replay skips its middle',
    says: 'Records are missing inside a replay, without a declared gap.',
    finds: ['gap-hidden'],
    apply(given) {
      const rows = replayedRows(given, 60)
      const middle = rows?.[Math.floor(rows.length / 2)]
      if (rows === undefined || middle === undefined) return undefined
      const { client, partition } = middle
      const own = rows.filter((row) => row.partition === partition)
      const at = Math.floor(own.length / 2)
      const [first, last] = [own[at], own[at + 2]].map((row) => row?.offset)
      if (first === undefined || last === undefined || last !== first + 2) return undefined
      return edited(withoutDeliveries(given.events, { clients: [client], partition, first, last }))
    },
  },
  {
    name: 'a replay ends too early',
    says: 'Between the end of a replay and the first live record some are missing.',
    finds: ['seam-skip', 'gap-hidden', 'skip'],
    apply(given) {
      const last = lastReplayed(given)
      if (last === undefined) return undefined
      const { client, partition, offset } = last
      const where = { clients: [client], partition, first: offset - 2, last: offset }
      return edited(withoutDeliveries(given.events, where))
    },
  },
  {
    name: 'a client is closed without cause',
    says: 'The relay closes a client without a cause and owes it the rest.',
    finds: ['closed-without-cause'],
    apply: (given) => edited(closedEarly(given, 1_006, 'network')),
  },
  {
    name: 'a client is closed politely without cause',
    says: 'The relay closes a client with a close frame, without a cause in the run.',
    finds: ['closed-without-cause'],
    apply: (given) => edited(closedEarly(given, 1_001, 'relay')),
  },
  {
    name: 'everybody is closed without cause',
    says: 'The relay closes all clients once, during calm.',
    finds: ['closed-without-cause'],
    apply(given) {
      const at = calmMiddle(given)
      const clients = plainClients(given)
      if (at === undefined || clients.length === 0) return undefined
      const left = clients.reduce<Events>(
        (events, client) => closed(events, client, at, 1_006, 'network'),
        given.events,
      )
      return edited(left)
    },
  },
]

/** From when on a client's deliveries are its tail; undefined where it got too little then. */
function tailSince(given: Given, client: number | undefined): number | undefined {
  if (client === undefined) return undefined
  const until = settledAt(given)
  const own = deliveriesOf(given.events, { clients: [client], path: 'live', until })
  const lastAt = Math.max(0, ...own.map(({ t }) => t))
  const since = Math.min(lastAt, until - second) - tailMicros
  return own.filter(({ t }) => t >= since).length > 20 ? since : undefined
}

/**
 * From when on the consumer stands still: so long before the broker was asked last that it is no
 * delay, and after all that was broken. A text where the run has no such time.
 */
function standSince(given: Given): number | string {
  const until = settledAt(given)
  const asked = given.history.events('lagtruth').findLast(([, t]) => t <= until)?.[1] ?? 0
  const healed = Math.max(0, ...given.history.faults.filter(isOfServers).map(({ end }) => end))
  const since = asked - standMicros
  if (since < healed + second) return 'after the last fault the run is too short to tell'
  const before = deliveriesOf(given.events, { until: since })
  if (before.length === 0) return 'a run in which no client got a record is inconclusive as a whole'
  const soon = deliveriesOf(given.events, { since, until: since + second, path: 'live' })
  return soon.length > 20 ? since : 'so long before its end the run sends too little'
}

/** Faults that keep the relay itself from taking records. */
const isOfServers = (fault: FaultWindow): boolean => !isOnClients(fault)

/** The broker's word on a group that stopped reading at `since`: nothing is committed any more. */
function withoutReading(events: Events, given: Given, since: number, only?: number): Events {
  const last = given.history.events('lagtruth').findLast(([, t]) => t < since)?.[4] ?? {}
  return editTruth(events, (truth, partition, t) => {
    const before = last[String(partition)]
    const isMeant = (only === undefined || partition === only) && t >= since
    return isMeant && before !== undefined ? [truth[0], truth[1], before[2], truth[3]] : truth
  })
}

/** The last record that was replayed before live ones of its partition came. */
function lastReplayed(given: Given) {
  const rows = replayedRows(given, 20)
  const client = rows?.[0]?.client
  if (rows === undefined || client === undefined) return undefined
  const live = deliveriesOf(given.events, { clients: [client], path: 'live' })
  return [...Map.groupBy(rows, ({ partition }) => partition).values()]
    .map((own) => own.at(-1))
    .find((last) =>
      live.some((row) => {
        return (
          row.partition === last?.partition && row.offset === last.offset + 1 && row.t >= last.t
        )
      }),
    )
}

/** A moment in the middle of calm, with records before and after it. */
function calmMiddle(given: Given): number | undefined {
  const record = plainRecord(given)
  return record === undefined ? undefined : Math.min(record.t, firstFaultAt(given)) + 1
}

function closedEarly(given: Given, code: number, by: 'relay' | 'network'): Events | undefined {
  const client = plainClient(given)
  const at = calmMiddle(given)
  if (client === undefined || at === undefined) return undefined
  return closed(given.events, client, at, code, by)
}

function closed(
  events: Events,
  client: number,
  at: number,
  code: number,
  by: 'relay' | 'network',
): Events {
  const left = withoutDeliveries(events, { clients: [client], since: at })
  const own = withoutKind(left, 'closed', (event) => event.client === client)
  const ended: HistoryEvent = { kind: 'closed', t: at, client, code, reason: '', by }
  return insert(own, client, at, ended)
}

/** Without what was produced within a time: no client gets it. */
function withoutSent({ events, history }: Given, { begin, end }: Window): Events {
  return [...history.stream().records].reduce((left: Events, [partition, { offsets, sentAt }]) => {
    const sent = Array.from(offsets).filter((_, i) => {
      return (sentAt[i] as number) >= begin && (sentAt[i] as number) <= end
    })
    if (sent.length === 0) return left
    const [first, last] = [Math.min(...sent), Math.max(...sent)]
    return withoutDeliveries(left, { partition, first, last })
  }, events)
}
