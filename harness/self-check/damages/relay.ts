/** The relay itself: that it ends, what it says of itself, and what it does with hostile frames. */
import {
  isOfKind,
  kindOf,
  timeOf,
  type Closed,
  type ControlOut,
  type HistoryEvent,
  type Process,
} from '../../history/event.ts'
import { hostileFrames } from '../../wire/hostile-frames.ts'
import { edited, type Damage, type Given } from '../damage.ts'
import { clientOf, editKind, withoutKey, withoutKind, type Events } from '../edit.ts'
import { firstFaultAt } from '../places.ts'

const seenBy = ['hostile-answered'] as const

export const relay: readonly Damage[] = [
  {
    name: 'the relay dies',
    says: 'The process of the relay ends in the middle of the run.',
    finds: ['relay-died'],
    seenBy: ['stays-alive'],
    apply(given) {
      const start = given.history.events('process').find((event) => isRelay(event, 'start'))
      const at = Math.min(firstFaultAt(given), given.history.end / 2) - 1
      if (start === undefined || at < start.t) return undefined
      const died: Process = {
        kind: 'process',
        t: at,
        role: 'relay',
        pid: start.pid,
        edge: 'exit',
        code: null,
        signal: 'SIGSEGV',
      }
      return edited([...given.events, died])
    },
  },
  {
    name: 'the relay aborts at its end',
    // If no expectation asks for it, the report shows it beside the verdicts, which stay valid.
    says: 'Asked to stop, the relay ends with SIGABRT.',
    finds: ['ended-badly'],
    seenBy: ['shutdown-completes'],
    apply(given) {
      const end = given.history.events('process').findLast((event) => isRelay(event, 'exit'))
      if (end === undefined || end.t < given.history.end * 0.8) return undefined
      const aborted: Process = { ...end, code: null, signal: 'SIGABRT' }
      return edited(
        editKind(given.events, 'process', (event) => (event === end ? [aborted] : [event])),
      )
    },
  },
  version('a setting is not reported', '/version lacks a setting.', 'not-reported', withoutKey),
  version(
    'a setting is reported wrong',
    '/version tells another value than asked.',
    'reported-wrong',
    (body, key) => ({
      ...body,
      [key]: 12_345,
    }),
  ),
  {
    name: 'a hostile frame is not refused',
    says: 'A frame that is owed an error gets none.',
    finds: ['not-refused'],
    seenBy,
    apply(given) {
      const sent = hostile(given, ({ code }) => code !== undefined)
      if (sent === undefined) return undefined
      const [, t, client] = sent
      return edited(
        withoutKind(given.events, 'control', (event) => {
          return event[2] === client && event[1] >= t && event[3]['type'] === 'error'
        }),
      )
    },
  },
  {
    name: 'a hostile frame is refused with another code',
    says: 'A frame that is owed an error gets one of another code.',
    finds: ['not-refused'],
    seenBy,
    apply(given) {
      const sent = hostile(given, ({ code }) => code !== undefined)
      if (sent === undefined) return undefined
      const [, at, who] = sent
      return edited(
        editKind(given.events, 'control', (event) => {
          const [kind, t, client, frame] = event
          if (client !== who || t < at || frame['type'] !== 'error') return [event]
          return [[kind, t, client, { ...frame, code: 'INTERNAL' }]]
        }),
      )
    },
  },
  {
    name: 'a hostile frame ends the connection',
    says: 'A frame that is to be ignored ends the connection of its sender.',
    finds: ['ended-for-nothing', 'closed-without-cause'],
    seenBy,
    apply(given) {
      const sent = hostile(given, ({ expectedReaction }) => expectedReaction === 'ignored')
      if (sent === undefined) return undefined
      const [, t, client, what] = sent
      const ended = endAfter(given, client, t, what)
      const again = saidAlone(given, sent)
      const closed: Closed = {
        kind: 'closed',
        t: t + second / 2,
        client: again.client,
        code: 1_006,
        reason: '',
        by: 'relay',
      }
      return ended && edited([...ended, ...again.events, closed])
    },
  },
  {
    name: 'a hostile resume is not answered',
    says: 'A resume that is ignored for what is wrong in it gets no answer at all, said alone.',
    finds: ['resume-unanswered'],
    seenBy,
    apply(given) {
      const sent = hostile(given, ({ isAnswered }) => isAnswered === true)
      if (sent === undefined) return undefined
      const again = saidAlone(given, sent)
      const frame = { type: 'pong', count: 1 }
      const pong = ['control', sent[1] + second / 2, again.client, frame] as const
      return edited([...given.events, ...again.events, pong])
    },
  },
  {
    name: 'a page of another site is let in',
    says: 'Of the pages of another site that were refused, one opens a socket.',
    finds: ['page-let-in'],
    seenBy: ['foreign-pages-refused'],
    apply(given) {
      const page = pageOf(given)
      if (page === undefined) return undefined
      const { t, group } = page
      const client = Math.max(...given.history.sessions.keys()) + 1
      const opened = { kind: 'opened', t, client, group } as const
      return edited(
        editKind(given.events, 'refused', (event) => [event === page ? opened : event]),
      )
    },
  },
  {
    name: 'a page of another site meets another refusal',
    says: 'The pages of another site were refused because there was no room.',
    finds: ['not-refused-for-that', 'refused-otherwise'],
    seenBy: ['foreign-pages-refused'],
    verdicts: ['unknown'],
    apply(given) {
      const page = pageOf(given)
      if (page === undefined) return undefined
      return edited(
        editKind(given.events, 'refused', (event) => {
          return [event.group === page.group ? { ...event, status: 503 } : event]
        }),
      )
    },
  },
]

const second = 1_000_000

/** The first that was refused of a group of pages of another site. */
function pageOf({ history, record }: Given) {
  const pages = new Set(
    record.expectations.flatMap(({ expectation }) =>
      expectation.check === 'foreign-pages-refused' ? [expectation.pages] : [],
    ),
  )
  return history.events('refused').find(({ group }) => pages.has(group))
}

/** One more client says the same frame at the same time, alone on a connection of its own. */
function saidAlone({ history }: Given, [, t, , what]: ControlOut) {
  const client = Math.max(...history.sessions.keys()) + 1
  const alone = what.replace(/^hostile:/, 'hostile-alone:')
  const events: readonly HistoryEvent[] = [
    { kind: 'opened', t: t - 1, client, group: 'hostile' },
    ['sent', t, client, alone, 1],
  ]
  return { client, events }
}

const isRelay = (event: Process, edge: 'start' | 'exit') =>
  event.role === 'relay' && event.edge === edge

type Body = Record<string, unknown>

/** Changes what stands under the last of `keys`, wherever that is. */
function within(
  body: Body,
  keys: readonly string[],
  change: (of: Body, key: string) => Body,
): Body {
  const [first = '', ...rest] = keys
  if (rest.length === 0) return change(body, first)
  const inner = body[first]
  if (typeof inner !== 'object' || inner === null) return body
  return { ...body, [first]: within(inner as Body, rest, change) }
}

/** A damage to every answer of /version. */
function version(
  name: string,
  says: string,
  rule: string,
  change: (body: Record<string, unknown>, key: string) => Record<string, unknown>,
): Damage {
  return {
    name,
    says,
    finds: [rule],
    seenBy: ['version-reports-setting'],
    apply(given) {
      const key = given.record.expectations.flatMap(({ expectation }) =>
        expectation.check === 'version-reports-setting' ? [expectation.path] : [],
      )[0]
      if (key === undefined) return undefined
      return edited(
        editKind(given.events, 'page', (page) => {
          const { path, body } = page
          if (path !== '/version' || typeof body !== 'object' || body === null) return [page]
          return [{ ...page, body: within(body as Body, key.split('.'), change) }]
        }),
      )
    },
  }
}

/** A hostile frame that was sent, of those rows that are wanted. */
function hostile(
  { history, dice }: Given,
  isWanted: (row: (typeof hostileFrames)[number]) => boolean,
): ControlOut | undefined {
  const names = new Set(hostileFrames.filter(isWanted).map(({ name }) => `hostile:${name}`))
  const isOne = (what: string) => names.has(what.replace(/^hostile-alone:/, 'hostile:'))
  const sent = history.events('sent').filter(([, , , what]) => isOne(what))
  return sent.length === 0 ? undefined : dice.pick(sent)
}

/** The connection ends right after a frame; what was sent on it later was never sent. */
function endAfter({ events, history }: Given, client: number, t: number, what: string): Events {
  const session = history.sessions.get(client)?.find(({ begin, end }) => begin <= t && end >= t)
  const until = session?.end ?? Infinity
  const isLater = (event: HistoryEvent) =>
    kindOf(event) !== 'opened' &&
    clientOf(event) === client &&
    (timeOf(event) > t || (isOfKind(event, 'sent') && event[1] === t && event[3] !== what)) &&
    timeOf(event) <= until
  const how = { code: 1_006, reason: '', by: 'network' } as const
  const ended: HistoryEvent = { kind: 'closed', t: t + 1_000, client, ...how }
  const left = events.filter((event) => !isLater(event))
  const at = left.findLastIndex(
    (event) => isOfKind(event, 'sent') && event[2] === client && event[1] <= t,
  )
  return [...left.slice(0, at + 1), ended, ...left.slice(at + 1)]
}
