/** Limits that do not hold: of memory, of slots, of time. */
import { isOfKind, type HistoryEvent, type Memory, type Opened } from '../../history/event.ts'
import type { Window } from '../../history/windows.ts'
import { edited, type Damage, type Damaged, type Given } from '../damage.ts'
import {
  changeDeliveries,
  editKind,
  withoutDeliveries,
  withoutKind,
  type Events,
} from '../edit.ts'
import { askedOf } from '../places.ts'
import { editSignal } from '../reported.ts'

const mebibyte = 1_048_576
const second = 1_000_000
const leakBytesPerSecond = 4.5 * mebibyte

export const bounds: readonly Damage[] = [
  {
    name: 'memory grows',
    says: 'The memory of the relay grows by 4.5 MiB/s as long as there is load.',
    finds: ['slope'],
    seenBy: ['memory-bounded'],
    apply: (given) => leak(given, (share) => share),
  },
  {
    name: 'memory grows with a pause',
    says: 'The memory grows by 4.5 MiB/s, except in the last third of the time.',
    finds: ['slope'],
    seenBy: ['memory-bounded'],
    apply: (given) => leak(given, (share) => Math.min(share, 2 / 3)),
  },
  {
    name: 'memory is high',
    says: 'The memory of the relay is high and stays there.',
    finds: ['ceiling'],
    seenBy: ['memory-bounded'],
    apply(given) {
      // The calm phase before is the base: what is high from the start is the relay's own size.
      const stall = given.history.phase('stall')
      if (stall === undefined) return undefined
      return edited(
        editMemory(given, (bytes, t) => (t < stall.begin ? bytes : bytes + 400 * mebibyte)),
      )
    },
  },
  {
    name: 'a slot is kept',
    says: 'The relay still counts a client that is gone.',
    finds: ['miscounted'],
    seenBy: ['clients-counted'],
    apply(given) {
      const since = given.history.phase('traffic')?.end
      if (since === undefined) return undefined
      return edited(
        editSignal(given.events, 'connectedClients', (value, _, t) =>
          t >= since ? value + 1 : value,
        ),
      )
    },
  },
  {
    name: 'a client is counted that is not there',
    says: 'The relay counts one client too many from the start.',
    finds: ['miscounted'],
    seenBy: ['clients-counted'],
    apply: (given) => edited(editSignal(given.events, 'connectedClients', (value) => value + 1)),
  },
  {
    name: 'a new client meets 429',
    says: 'A free slot is not given to the next client.',
    finds: ['new-client-refused', 'slot-kept', 'not-closed'],
    seenBy: ['closed-in-time', 'new-clients-accepted'],
    apply: (given) => edited(refuseProbe(given, 429)),
  },
  {
    name: 'a new client meets 500',
    says: 'A new client is refused because of an error of the relay.',
    finds: ['new-client-failed'],
    seenBy: ['closed-in-time', 'new-clients-accepted'],
    apply: (given) => edited(refuseProbe(given, 500)),
  },
  {
    name: 'one client too many is let in',
    says: 'The limit per address accepts one client too many.',
    finds: ['limit-evaded'],
    seenBy: ['limit-holds'],
    apply(given) {
      const refused = given.history.events('refused').find(({ group }) => group === 'pretending')
      if (refused === undefined) return undefined
      const client = Math.max(...given.history.sessions.keys()) + 1
      return edited(
        editKind(given.events, 'refused', (event): readonly HistoryEvent[] => {
          if (event !== refused) return [event]
          const { t, group } = event
          return [
            { kind: 'opened', t, client, group },
            { kind: 'closed', t: t + second / 2, client, code: 1_000, reason: '', by: 'client' },
          ]
        }),
      )
    },
  },
  {
    name: 'the limit is refused with 500',
    says: 'Clients above the limit are refused with an error of the relay.',
    finds: ['new-client-failed'],
    seenBy: ['limit-holds'],
    apply: (given) => edited(editRefusals(given, 500)),
  },
  {
    name: 'a stalled client is closed too late',
    says: 'A client that reads nothing is closed seconds after its limit.',
    finds: ['closed-too-late', 'not-closed'],
    seenBy: ['closed-in-time'],
    apply: (given) => edited(closedLater(given)),
  },
  {
    name: 'deliveries are late',
    says: 'During a fault, live records arrive 5 s late.',
    finds: ['delivered-late'],
    seenBy: ['delivered-in-time'],
    apply(given) {
      const since = given.history.faults[0]?.begin
      if (since === undefined) return undefined
      const where = { since, path: 'live' } as const
      return edited(
        changeDeliveries(given.events, where, (row) => ({ ...row, t: row.t + 5 * second })),
      )
    },
  },
  {
    name: 'clients are back too late',
    says: 'After the last heal clients catch up long after the limit.',
    finds: ['back-too-late', 'never-back'],
    seenBy: ['clients-catch-up'],
    cannot: {
      'pause-closes-no-client': 'its finding asks who is ended, not how soon records come',
    },
    apply(given) {
      const last = given.history.faults.at(-1)
      const asked = askedOf(given, 'clients-catch-up')
      const isTimed = asked.some(({ closesNobody = false }) => !closesNobody)
      if (!isTimed) return 'only whether clients keep their connections is asked'
      if (last === undefined) return undefined
      const where = { since: last.begin } as const
      return edited(
        changeDeliveries(given.events, where, (row) => ({ ...row, t: row.t + 20 * second })),
      )
    },
  },
  {
    name: 'clients are never back',
    says: 'After the last heal clients get nothing.',
    finds: ['never-back', 'lost', 'stalled'],
    seenBy: ['clients-catch-up'],
    apply(given) {
      const last = given.history.faults.at(-1)
      return last && edited(withoutDeliveries(given.events, { since: last.begin }))
    },
  },
  {
    name: 'a client is closed after a freeze',
    says: 'After its own pause the relay closes a client that it had kept waiting.',
    finds: ['closed-meanwhile'],
    seenBy: ['clients-catch-up'],
    apply(given) {
      const all = askedOf(given, 'clients-catch-up')
      const asked = all.find(({ closesNobody = false }) => closesNobody)
      const healedAt = given.history.faults.at(-1)?.healedAt
      const session = [...given.history.sessions.values()].flat().find(({ group }) => {
        return asked?.groups.includes(group)
      })
      if (healedAt === undefined || session === undefined) return undefined
      const { client } = session
      const left = withoutDeliveries(given.events, { clients: [client], since: healedAt })
      return edited([
        ...withoutKind(left, 'closed', (event) => event.client === client),
        { kind: 'closed', t: healedAt + 1, client, code: 1_006, reason: '', by: 'network' },
      ])
    },
  },
]

/** @param grown - for which share of the time it has grown, after a share of the time */
function leak(given: Given, grown: (share: number) => number): Damaged | undefined {
  const { history } = given
  const phase = history.phase('stall') ?? history.phase('large')
  if (phase === undefined) return undefined
  const whole = phase.end - phase.begin
  return edited(
    editMemory(given, (bytes, t) => {
      const share = Math.max(0, t - phase.begin) / whole
      return Math.round(bytes + grown(share) * (whole / second) * leakBytesPerSecond)
    }),
  )
}

const editMemory = ({ events }: Given, change: (bytes: number, t: number) => number): Events =>
  editKind(events, 'memory', (sample): Memory[] => {
    const [kind, t, role, bytes, cpu] = sample
    return role === 'relay' ? [[kind, t, role, change(bytes, t), cpu]] : [sample]
  })

/** The last client that was let in to see whether slots are free is refused. */
function refuseProbe({ events, history }: Given, status: number): Events | undefined {
  const probe = history.events('opened').findLast(({ group }) => group === 'probe')
  return probe && refusedInstead(events, probe, status)
}

function refusedInstead(events: Events, probe: Opened, status: number): Events {
  const { t, client, group } = probe
  const refused = { kind: 'refused', t, group, status, why: `${status}` } as const
  const without = withoutDeliveries(events, { clients: [client], since: t })
  return without.flatMap((event): readonly HistoryEvent[] => {
    if (event === probe) return [refused]
    return isOfKind(event, 'closed') && event.client === client && event.t >= t ? [] : [event]
  })
}

function editRefusals({ events, history }: Given, status: number): Events | undefined {
  if (history.events('refused').length === 0) return undefined
  return editKind(events, 'refused', (event): readonly HistoryEvent[] => {
    return [event.group === 'pretending' ? { ...event, status } : event]
  })
}

/** Stalled clients are counted until they are healed, and new ones do not get their slots. */
function closedLater(given: Given): Events | undefined {
  const { history, dice } = given
  const all = askedOf(given, 'closed-in-time')
  const asked = all.length === 0 ? undefined : dice.pick(all)
  const fault = history.faults.find(({ id }) => id.startsWith(`${asked?.phase}/`))
  const phase = history.phase(asked?.phase ?? '')
  if (asked === undefined || fault === undefined || phase === undefined) return undefined
  const window = { begin: fault.begin, end: phase.end }
  const isWithin = (t: number) => t >= window.begin && t <= window.end
  const { v, t } = history.signal('connectedClients')
  const held = Math.max(...v.map((value, i) => (isWithin(t[i] ?? 0) ? (value ?? 0) : 0)))
  const counted = editSignal(
    endedLater(given, asked.group, window),
    'connectedClients',
    (value, _, at) => (isWithin(at) ? Math.max(value, held) : value),
  )
  return history
    .events('opened')
    .filter(({ t: at, group }) => group === asked.probe && isWithin(at))
    .reduce<Events>((left, one) => refusedInstead(left, one, 429), counted)
}

/** Clients of a group end when they are healed, and read first what they had been answered. */
function endedLater({ events, history }: Given, group: string, { begin, end }: Window): Events {
  const own = [...history.sessions.values()].flat().filter((one) => {
    return one.group === group && one.begin < end && one.end >= begin
  })
  const closes = new Set<HistoryEvent | undefined>(own.map(({ closed }) => closed))
  return editKind(events, 'closed', (event): readonly HistoryEvent[] => {
    if (!closes.has(event)) return [event]
    const at = Math.max(event.t, end + second)
    const pongs = ['control', at, event.client, { type: 'pong', count: 500 }] as const
    return [pongs, { ...event, t: at }]
  })
}
