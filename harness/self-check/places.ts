/** Where damage is done: clients and records of a history at which nothing else was going on. */
import { isAsked, replaysOf, type Replay } from '../checkers/reading/replays.ts'
import type { Expectation } from '../checkers/registry.ts'
import type { Micros } from '../history/event.ts'
import { does, type FaultWindow, type Session } from '../history/windows.ts'
import type { Given } from './damage.ts'
import { deliveriesOf, type Row } from './edit.ts'
import type { FaultEffect } from '../history/effects.ts'

/** Records on either side that must be plain as well. */
const margin = 3
const secondMicros = 1_000_000

/** When settling ended: what had to come must have come by then. */
export const settledAt = ({ history }: Given): Micros =>
  history.phases.findLast(({ name }) => name === 'settle')?.end ?? history.end

/** When the first fault began; without one, when settling began. */
export const firstFaultAt = ({ history }: Given): Micros =>
  Math.min(
    ...history.faults.map(({ begin }) => begin),
    history.phase('settle')?.begin ?? history.end,
  )

/** The first fault that does this to the run. */
export const faultThat = ({ history }: Given, effect: FaultEffect): FaultWindow | undefined =>
  history.faults.find((fault) => does(fault, effect))

/** Clients that read from their opening to the end, on one connection that nothing disturbed. */
export function plainClients(given: Given): number[] {
  const broken = new Set(given.history.faults.map(({ effects }) => effects.group))
  const isUndisturbed = ([session, more]: readonly Session[]): boolean =>
    session !== undefined &&
    more === undefined &&
    session.stalls.length === 0 &&
    isOpenAtEnd(session, given) &&
    !broken.has(session.group)
  return [...given.history.sessions]
    .filter(([client, sessions]) => isUndisturbed(sessions) && hasLive(given, client))
    .map(([client]) => client)
}

const isOpenAtEnd = ({ closed }: Session, given: Given): boolean =>
  closed === undefined || (closed.by === 'client' && closed.t >= settledAt(given) - secondMicros)

const hasLive = ({ history }: Given, client: number): boolean =>
  history
    .stream()
    .deliveries.get(client)
    ?.all.some(({ path }) => path === 'live') ?? false

/** One of the plain clients that were there from the start. */
export function plainClient(given: Given): number | undefined {
  const clients = plainClients(given).filter((client) => calmRows(given, client).length > 0)
  return clients.length === 0 ? undefined : given.dice.pick(clients)
}

/** What a client got live before anything was broken. */
export const calmRows = (given: Given, client: number): Row[] =>
  deliveriesOf(given.events, { clients: [client], path: 'live', until: firstFaultAt(given) })

/** A record in the middle of calm: acknowledged, valid, and so are those beside it. */
export function plainRecord(given: Given, client = plainClient(given)): Row | undefined {
  if (client === undefined) return undefined
  const rows = calmRows(given, client)
  const plain = rows.filter((row, i) => isPlain(given, row) && isInMiddle(rows, i))
  const middle = plain.slice(Math.floor(plain.length / 4), Math.ceil((plain.length * 3) / 4))
  return middle.length === 0 ? undefined : given.dice.pick(middle)
}

const isInMiddle = (rows: readonly Row[], i: number): boolean =>
  [i - margin, i + margin].every((at) => {
    const [row, other] = [rows[i] as Row, rows[at]]
    return other?.partition === row.partition && other.offset - row.offset === at - i
  })

function isPlain({ history }: Given, { partition, offset }: Row): boolean {
  const records = history.stream().records.get(partition)
  if (records === undefined) return false
  for (let at = offset - margin; at <= offset + margin; at += 1) {
    if (records.indexOf(at) < 0 || records.malformed.has(at)) return false
  }
  return true
}

/** A client that was replayed at least so many records, and what it was replayed. */
export function replayedRows(given: Given, countMin: number): Row[] | undefined {
  const clients = [...given.history.sessions.keys()]
    .filter((client) => isHonest(given, client))
    .map((client) => deliveriesOf(given.events, { clients: [client], path: 'replay' }))
    .filter((rows) => rows.length >= countMin && isAnswered(given, rows))
  return clients.length === 0 ? undefined : given.dice.pick(clients)
}

/** Whether the replay came to its end: of one that broke off, nothing can be said. */
const isAnswered = ({ history }: Given, rows: readonly Row[]): boolean =>
  history.events('control').some(([, t, client, { type }]) => {
    return client === rows[0]?.client && type === 'replay_complete' && t >= (rows.at(-1)?.t ?? 0)
  })

/** Whether a client spoke as clients do: hostile ones are answered in ways of their own. */
export const isHonest = ({ history }: Given, client: number): boolean =>
  !history.events('sent').some(([, , who, what]) => who === client && what.startsWith('hostile:'))

/** What the run expects by one checker, each with its options. */
export const askedOf = <K extends Expectation['check']>(
  { record }: Given,
  name: K,
): Extract<Expectation, { readonly check: K }>[] =>
  record.expectations.flatMap(({ expectation }) =>
    expectation.check === name ? [expectation as Extract<Expectation, { check: K }>] : [],
  )

type ReplaysAsked = Extract<Expectation, { readonly check: 'replays-answered' }>

/** Answered replays, each with what is asked of it, of those expectations that are wanted. */
export function askedReplays(
  given: Given,
  isWanted: (asked: ReplaysAsked) => boolean = () => true,
): { readonly asked: ReplaysAsked; readonly replay: Replay }[] {
  const answered = replaysOf(given.history).filter(({ complete }) => complete !== undefined)
  return askedOf(given, 'replays-answered')
    .filter(isWanted)
    .flatMap((asked) =>
      answered
        .filter((replay) => isAsked(given.history, replay, asked.groups, asked.phase))
        .map((replay) => ({ asked, replay })),
    )
}
