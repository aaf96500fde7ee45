/** Replays and resets that were answered late, wrongly, or not at all. */
import { replayedIn } from '../../checkers/reading/replays.ts'
import type { ControlIn } from '../../history/event.ts'
import { edited, type Damage, type Given } from '../damage.ts'
import {
  changeDeliveries,
  deliveriesOf,
  editKind,
  happenLater,
  insert,
  runsOf,
  withoutKey,
  withoutKind,
  type Events,
} from '../edit.ts'
import { askedOf, askedReplays, isHonest } from '../places.ts'

type Frame = ControlIn[3]
const second = 1_000_000

/** A damage to the frame that ends a replay of a client that was sent something. */
const frame = (
  name: string,
  says: string,
  finds: readonly string[],
  change: (event: ControlIn) => readonly ControlIn[],
): Damage => ({
  name,
  says,
  finds,
  seenBy: ['replay-end-is-correct'],
  apply: (given) => edited(editComplete(given, change)),
})

const changed = (event: ControlIn, more: Frame): ControlIn[] => {
  const [kind, t, client, told] = event
  return [[kind, t, client, { ...told, ...more }]]
}

export const replays: readonly Damage[] = [
  {
    name: 'a replay never ends',
    says: 'The frame that ends a replay does not come, and the run goes on beyond its limit.',
    finds: ['not-answered'],
    seenBy: ['replays-answered'],
    apply: (given) => endLater(given, 'timed', 'never'),
  },
  {
    name: 'a replay ends too late',
    says: 'The frame that ends a replay comes after its limit.',
    finds: ['not-answered'],
    seenBy: ['replays-answered'],
    apply: (given) => endLater(given, 'timed', 'late'),
  },
  {
    name: 'a replay never ends where its time is not asked',
    says: 'A replay does not end in its time in a run that asks only what replays hold.',
    finds: ['not-answered'],
    seenBy: ['replays-answered'],
    verdicts: ['unknown'],
    apply: (given) => endLater(given, 'untimed', 'never'),
  },
  frame(
    'a replay counts too many',
    'The frame that ends a replay counts a record more than came.',
    ['fields-untrue'],
    (event) => changed(event, { totalReplayed: Number(event[3]['totalReplayed']) + 1 }),
  ),
  frame(
    'a replay counts nothing',
    'The frame that ends a replay says that none came.',
    ['fields-untrue'],
    (event) => changed(event, { totalReplayed: 0 }),
  ),
  frame(
    'a replay of a mode that was not requested',
    'The frame that ends a replay names another mode.',
    ['fields-untrue'],
    (event) => changed(event, { mode: 'banana' }),
  ),
  frame(
    'a replay ends elsewhere',
    'The frame that ends a replay names last offsets that did not come.',
    ['fields-untrue'],
    (event) => {
      const told = event[3]['lastOffsetsByPartition'] as Frame
      const moved = Object.entries(told).map(([name, last]) => [name, String(Number(last) + 9)])
      return changed(event, { lastOffsetsByPartition: Object.fromEntries(moved) as Frame })
    },
  ),
  frame(
    'a field is missing',
    'The frame that ends a replay does not say whether it was capped.',
    ['fields-missing'],
    ([kind, t, client, told]) => [[kind, t, client, withoutKey(told, 'capped')]],
  ),
  {
    name: 'the epoch changes silently',
    says: 'A cursor of another epoch is served as if it were still good.',
    finds: ['stale-trusted'],
    apply(given) {
      const resumed = given.history.events('sent').find(([, t, client, what]) => {
        return (
          what === 'resume:cursor' && isHonest(given, client) && hasEpochBefore(given, client, t)
        )
      })
      if (resumed === undefined) return undefined
      const [, askedAt, client] = resumed
      const control = given.history.events('control')
      const isOwn = (event: ControlIn) => event[2] === client && event[1] >= askedAt
      if (control.some((event) => isOwn(event) && event[3]['type'] === 'cursor_stale')) {
        return undefined
      }
      const end = control.find((event) => isOwn(event) && event[3]['type'] === 'replay_complete')
      if (end === undefined) return undefined
      return edited(
        editKind(given.events, 'control', (event) =>
          event === end ? changed(event, { epoch: 'another-epoch' }) : [event],
        ),
      )
    },
  },
  {
    name: 'a replay without an end',
    says: 'A replay that a client cannot take in time goes on and on.',
    finds: ['replay-goes-on'],
    seenBy: ['replays-ended'],
    apply(given) {
      const asked = given.record.expectations.flatMap(({ expectation }) =>
        expectation.check === 'replays-ended' ? [expectation] : [],
      )[0]
      const replay = given.history.events('sent').find(([, , client, what]) => {
        const group = given.history.sessions.get(client)?.[0]?.group ?? ''
        return what.startsWith('resume') && asked?.groups.includes(group) === true
      })
      if (asked === undefined || replay === undefined) return undefined
      const [, askedAt, client] = replay
      const end = askedAt + asked.limitMs * 1_000 + 5 * second
      return edited(
        editKind(given.events, 'closed', (event) => {
          return [event.client === client ? { ...event, t: end, by: 'client' } : event]
        }),
      )
    },
  },
  reset('a reset is not answered', 'A reset gets no answer.', ['reset-not-answered'], () => []),
  reset(
    'a reset is answered too late',
    'A reset gets its answer long after its limit.',
    ['reset-not-answered'],
    ([kind, t, client, told]) => [[kind, t + 30 * second, client, told]],
  ),
  reset(
    'a reset wrongly says cleared',
    'Redis cannot be reached, and the answer to a reset says that it is cleared.',
    ['cleared-untrue'],
    (event) => changed(event, { bufferCleared: true }),
    (event) => event[3]['bufferCleared'] === false,
  ),
  reset(
    'a reset forgets to say what',
    'The answer to a reset names no partition, so that nothing can be held against it.',
    ['offsets-untrue'],
    (event) => changed(event, { latestOffsetsByPartition: {} }),
  ),
  {
    name: 'what was reset comes back',
    says: 'A replay after a reset holds records from before it.',
    finds: ['forgotten-replayed'],
    seenBy: ['reset-forgets'],
    apply(given) {
      const done = given.history.events('control').find(([, , , { type }]) => isReset(type))
      const later = given.history.events('sent').find(([, t, , what]) => {
        return what.startsWith('resume:') && what !== 'resume:latest' && t > (done?.[1] ?? Infinity)
      })
      if (done === undefined || later === undefined) return undefined
      const [, askedAt, client] = later
      const row = deliveriesOf(given.events, { clients: [client], since: askedAt })[0]
      if (row === undefined) return undefined
      const old = runsOf([{ ...row, offset: 0, t: askedAt + 1_000, path: 'replay' }])
      return edited(insert(given.events, client, askedAt, ...old))
    },
  },
  {
    name: 'a replay begins in the middle',
    says: 'A replay of everything leaves out the oldest records without declaring them missing.',
    finds: ['not-replayed', 'gap-hidden'],
    seenBy: ['replays-answered'],
    apply(given) {
      const asked = given.history.events('sent').find(([, , , what]) => what === 'resume:earliest')
      if (asked === undefined) return undefined
      const [, since, client] = asked
      const rows = deliveriesOf(given.events, { clients: [client], since, path: 'replay' })
      const cut = rows.slice(0, Math.floor(rows.length / 3))
      if (cut.length < 20) return undefined
      const isCut = new Set(cut.map(({ partition, offset }) => `${partition}/${offset}`))
      const where = { clients: [client], since, path: 'replay' } as const
      return edited(
        changeDeliveries(given.events, where, (row) =>
          isCut.has(`${row.partition}/${row.offset}`) ? [] : [row],
        ),
      )
    },
  },
]

const isReset = (type: unknown) => type === 'cursor_reset_complete'

/** A damage to the answer of a reset. */
function reset(
  name: string,
  says: string,
  finds: readonly string[],
  change: (event: ControlIn) => readonly ControlIn[],
  isMeant: (event: ControlIn) => boolean = () => true,
): Damage {
  return {
    name,
    says,
    finds,
    seenBy: ['reset-forgets'],
    apply(given) {
      const answer = given.history
        .events('control')
        .find((event) => isReset(event[3]['type']) && isMeant(event))
      if (answer === undefined) return undefined
      return edited(
        editKind(given.events, 'control', (event) => (event === answer ? change(event) : [event])),
      )
    },
  }
}

/** The frame that ends one of the replays that brought records, of a group that is asked for it. */
function someEnd(given: Given): ControlIn | undefined {
  const asked = new Set(
    askedOf(given, 'replay-end-is-correct').flatMap(({ groups }) => groups),
  )
  const ends = given.history.events('control').filter(([, , client, { type, totalReplayed }]) => {
    const group = given.history.sessions.get(client)?.[0]?.group ?? ''
    return type === 'replay_complete' && Number(totalReplayed) > 0 && asked.has(group)
  })
  return ends[Math.floor(ends.length / 2)]
}

function editComplete(
  given: Given,
  change: (event: ControlIn) => readonly ControlIn[],
): Events | undefined {
  const end = someEnd(given)
  if (end === undefined) return undefined
  return editKind(given.events, 'control', (event) => (event === end ? change(event) : [event]))
}

/** The run waits for a replay until its limit is over, and what comes later comes after that. */
function endLater(given: Given, asks: 'timed' | 'untimed', comes: 'late' | 'never') {
  const isWanted = ({ holdsOnly = false }) => holdsOnly === (asks === 'untimed')
  const found = askedReplays(given, isWanted).filter(({ replay }) => replayedIn(replay) > 0)
  const chosen = found[Math.floor(found.length / 2)]
  if (chosen === undefined) return `no replay is asked for ${timeIs[asks]}`
  const { asked, replay } = chosen
  const byMicros = replay.askedAt + asked.limitMs * 1_000 + second - replay.end
  const later = happenLater(given.events, replay.end, byMicros)
  if (comes === 'late') return edited(later)
  return edited(withoutKind(later, 'control', ([, , , told]) => told === replay.complete))
}

const timeIs = { timed: 'its time', untimed: 'what it holds alone' } as const

const hasEpochBefore = ({ history }: Given, client: number, t: number): boolean =>
  history
    .events('control')
    .some(([, at, to, { epoch }]) => to === client && at < t && typeof epoch === 'string')
