/** Records that came again, too early, too late, or in another order. */
import { isOfKind, type Micros } from '../../history/event.ts'
import { edited, type Damage, type Given } from '../damage.ts'
import { changeDeliveries, deliveriesOf, insert, runsOf, type Events, type Row } from '../edit.ts'
import { faultThat, isHonest, plainRecord, replayedRows, settledAt } from '../places.ts'

const again = ['duplicate', 'seam-duplicate', 'nonmonotonic'] as const

export const repeats: readonly Damage[] = [
  {
    name: 'a record comes twice',
    says: 'A client gets a live record a second time, a little later.',
    finds: ['duplicate'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      return edited(changeDeliveries(given.events, at(record), (row) => [row, row]))
    },
  },
  {
    name: 'two records are swapped',
    says: 'A client gets a record after the one behind it.',
    finds: ['nonmonotonic'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      const { client, partition, offset } = record
      const where = { clients: [client], partition, first: offset, last: offset + 1 }
      const swap = (row: Row) => ({ ...row, offset: 2 * offset + 1 - row.offset })
      return edited(changeDeliveries(given.events, where, swap))
    },
  },
  {
    name: 'records come again after a reconnect',
    says: 'On its next connection a client gets live what it had had before.',
    finds: again,
    apply(given) {
      const found = reconnected(given)
      if (found === undefined) return undefined
      const { before, after } = found
      return edited(comeAgain(given.events, before, after))
    },
  },
  {
    name: 'records of a replay come again live',
    says: 'The last records of a replay come a second time, as the first live ones.',
    finds: ['seam-duplicate'],
    apply(given) {
      const rows = replayedRows(given, 20)
      const last = rows?.at(-1)
      if (rows === undefined || last === undefined) return undefined
      const own = rows.filter(({ partition }) => partition === last.partition).slice(-3)
      const client = last.client
      const end = given.history
        .events('control')
        .find(([, t, to, { type }]) => to === client && type === 'replay_complete' && t >= last.t)
      const t = end?.[1] ?? last.t
      return edited(
        insertRows(
          given.events,
          own.map((row) => ({ ...row, t, path: 'live' })),
          t,
          end,
        ),
      )
    },
  },
  {
    name: 'a replay holds records twice',
    says: 'One replay brings the same records two times.',
    finds: ['duplicate'],
    apply(given) {
      const rows = replayedRows(given, 60)
      const middle = rows?.[Math.floor(rows.length / 2)]
      if (rows === undefined || middle === undefined) return undefined
      const { client, partition, offset, path } = middle
      const where = { clients: [client], partition, first: offset, last: offset + 2, path }
      const twice = deliveriesOf(given.events, where).flatMap((row) => [row, row])
      if (twice.length !== 6) return undefined
      return edited(changeDeliveries(given.events, where, (row) => [row, row]))
    },
  },
  {
    name: 'a replay begins before the cursor',
    says: 'A client resumes from its cursor and is replayed what it had before it.',
    finds: ['replay-beyond-request'],
    apply(given) {
      const found = resumedFromCursor(given)
      if (found === undefined) return undefined
      const { rows, had } = found
      const [first] = rows
      if (first === undefined) return undefined
      const { t, path } = first
      const earlier = had.map((row) => ({ ...row, t, path }))
      const at = given.events.findIndex(
        (event) => isOfKind(event, 'delivered') && event[2] === first.client && event[1] === t,
      )
      const { events } = given
      return edited([...events.slice(0, at), ...runsOf(earlier), ...events.slice(at)])
    },
  },
  {
    name: 'a partition that stayed is redelivered',
    says: 'During a rebalance records come again of a partition that never changed hands.',
    finds: ['duplicate'],
    apply(given) {
      const rebalance = faultThat(given, 'moves-partitions')
      if (rebalance === undefined) return undefined
      const row = someRow(
        given,
        rebalance.begin + 2e6,
        rebalance.end,
        (one) => !hasMoved(given, one),
      )
      if (row === undefined) return undefined
      return edited(changeDeliveries(given.events, at(row), (one) => [one, one]))
    },
  },
  {
    name: 'a moved partition is redelivered twice',
    says: 'After a partition has come back the same records come again, and once more.',
    finds: ['duplicate'],
    apply(given) {
      const row = movedRow(given)
      if (row === undefined) return undefined
      return edited(changeDeliveries(given.events, at(row), (one) => [one, one, one]))
    },
  },
  {
    name: 'a moved partition goes back behind its commit',
    says: 'After a partition has come back records come again that were committed long before.',
    finds: again,
    apply(given) {
      const row = movedRow(given)
      const rebalance = faultThat(given, 'moves-partitions')
      if (row === undefined || rebalance === undefined) return undefined
      const { partition } = row
      const own = deliveriesOf(given.events, { clients: [row.client], partition })
      const old = own.findLast(({ t }) => t < rebalance.begin - 2e6)
      return old === undefined ? undefined : edited(comeAgain(given.events, old, row))
    },
  },
  {
    name: 'a restart redelivers long committed records',
    says: 'After a restart a client gets again what had been committed long before.',
    finds: again,
    apply(given) {
      const restart = faultThat(given, 'ends-relay')
      const found = restart && reconnected(given, restart.begin)
      if (restart === undefined || found === undefined) return undefined
      const own = deliveriesOf(given.events, { clients: [found.after.client] })
      const old = own.find(({ t, partition }) => {
        return t < restart.begin - 2e6 && partition === found.after.partition
      })
      if (old === undefined) return undefined
      return edited(comeAgain(given.events, old, found.after))
    },
  },
]

const at = ({ client, partition, offset, path }: Row) => ({
  clients: [client],
  partition,
  first: offset,
  last: offset,
  path,
})

/** Puts rows behind an event, or where they would stand had they come at `t`. */
function insertRows(
  events: Events,
  rows: readonly Row[],
  t: Micros,
  behind: Events[number] | undefined,
): Events {
  const place = behind === undefined ? -1 : events.indexOf(behind)
  if (place < 0) return insert(events, rows[0]?.client ?? -1, t, ...runsOf(rows))
  return [...events.slice(0, place + 1), ...runsOf(rows), ...events.slice(place + 1)]
}

/** `before` comes once more, as a live record right behind `after`. */
function comeAgain(events: Events, before: Row, after: Row): Events {
  const copy: Row = { ...before, t: after.t, path: 'live' }
  return changeDeliveries(events, at(after), (row) => [row, copy])
}

/** A client that came back: the last record before, and one that came live after. */
function reconnected(given: Given, since: Micros = 0) {
  for (const [client, sessions] of given.history.sessions) {
    if (!isHonest(given, client)) continue
    const [first, second] = sessions.filter(({ end }) => end >= since)
    if (first === undefined || second === undefined) continue
    const rows = deliveriesOf(given.events, { clients: [client] })
    const after = rows.filter(({ t, path }) => t > second.begin && path === 'live')[20]
    const before = rows.findLast(({ t, partition }) => {
      return t < first.end && partition === after?.partition
    })
    if (before !== undefined && after !== undefined) return { before, after }
  }
  return undefined
}

/** A replay from a cursor, and records that its client had had long before. */
function resumedFromCursor(given: Given) {
  const asked = given.history.events('sent').filter(([, , client, what]) => {
    return what === 'resume:cursor' && isHonest(given, client)
  })
  for (const [, t, client] of asked) {
    const end = given.history.sessions
      .get(client)
      ?.find((one) => one.begin <= t && one.end >= t)?.end
    const rows = deliveriesOf(given.events, { clients: [client], path: 'replay', since: t }).filter(
      (row) => row.t <= (end ?? 0),
    )
    const partition = rows[0]?.partition
    const had = deliveriesOf(given.events, { clients: [client], until: t }).filter(
      (row) => row.partition === partition,
    )
    if (rows.length >= 5 && had.length >= 200) return { rows, had: had.slice(-200, -100) }
  }
  return undefined
}

const hasMoved = ({ history }: Given, { partition }: Row): boolean =>
  history.events('lagtruth').some(([, , , , told]) => told[String(partition)]?.[3] === false)

function someRow(
  given: Given,
  since: Micros,
  until: Micros,
  isWanted: (row: Row) => boolean,
): Row | undefined {
  const rows = deliveriesOf(given.events, { path: 'live', since, until }).filter(isWanted)
  return rows[Math.floor(rows.length / 2)]
}

/** A record of a partition that had moved and come back. */
function movedRow(given: Given): Row | undefined {
  const rebalance = faultThat(given, 'moves-partitions')
  if (rebalance === undefined) return undefined
  return someRow(given, rebalance.end + 2e6, settledAt(given), (one) => hasMoved(given, one))
}
