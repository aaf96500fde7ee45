import { story, type Story } from '../history/story.ts'
import { closedInTime } from './closed-in-time.ts'
import { cannotTell, fails, judgeCases, passes } from './testbed.ts'

const MiB = 1_048_576

/** Two readers and three clients that stall at 5 s; the target's count by `count`, 2 MiB/s. */
function stall(count: ((t: number) => number) | undefined, bytes = 20_972): Story {
  const told = story().opened(0, 1).opened(0, 2)
  for (const client of [3, 4, 5]) told.opened(0, client, 'stalled')
  for (let t = 1; t < 16; t += 1) told.acked(t, 0, (t - 1) * 100, 100, { bytes })
  for (let t = 0; t <= 16; t += 0.5) {
    told.scrape(t, { websocket_connected_clients: count?.(t) ?? null })
  }
  return told
    .broken(5, 15.5, { fault: 'stall', group: 'stalled', hop: 'clients' })
    .phase('broadcast', 6, 15)
}

const closing = (at: number, more = 0) => (t: number) => (t < at ? 5 : 2) + more
/** A replay, or pongs, of which some arrived once the stall was over. */
const asked = (told: Story) =>
  told.sent(6, 3, 'resume:earliest').delivered(15.8, 3, 0, 0, 200, { path: 'replay' })
const pinged = (told: Story) =>
  told.sent(6.5, 3, 'ping:native', 9_000).control(15.8, 3, { type: 'pong', count: 9_000 })
const seen = (at: number) => {
  const told = stall(undefined)
  for (const client of [3, 4, 5]) told.closed(at, client)
  return told
}

judgeCases(
  'closed-in-time',
  closedInTime,
  { group: 'stalled', phase: 'broadcast', path: 'broadcast', limitMs: 4_000 },
  [
    ...passes(
      'closed-in-time',
      ['all three within the limit', stall(closing(10))],
      ['a target that counts one too many', stall(closing(10, 1))],
      ['closed although little was owed', stall(closing(10), 10)],
      ['only the fleet saw it', seen(10)],
      ['pings stalled it', stall(closing(9)).sent(6.5, 3, 'ping:native', 80_000), {
        path: 'control',
      }],
      ['a replay stalled it', stall(closing(9)).sent(6, 3, 'resume:earliest'), { path: 'resume' }],
      ['it was only silent', stall(closing(8), 0), { path: 'silence' }],
    ),
    ...fails(
      'closed-too-late',
      ['after the limit', stall(closing(14))],
      ['only the fleet saw it, too late', seen(15.6)],
      ['a replay, too late', asked(stall(closing(11))), { path: 'resume' }],
    ),
    ...fails(
      'not-closed',
      ['all held to the end', stall(() => 5)],
      ['one held to the end', stall((t) => (t < 10 ? 5 : 3))],
      ['a slot that is taken again', stall((t) => (t < 10 || t > 14 ? 5 : 2))],
      ['pings, held to the end', pinged(stall(() => 5)), { path: 'control' }],
      ['a replay, held to the end', asked(stall(() => 5)), { path: 'resume' }],
      ['silent, held to the end', stall(() => 5, 0), { path: 'silence' }],
    ),
    ...cannotTell(
      'stall-not-proven',
      ['too little was owed for a write to wait', stall(() => 5, 100)],
      ['no replay was asked for', stall(() => 5), { path: 'resume' }],
      ['the replay never came', stall(() => 5).sent(6, 3, 'resume:earliest'), { path: 'resume' }],
      ['nobody answered the pings', stall(() => 5).sent(6.5, 3, 'ping:native', 9_000), {
        path: 'control',
      }],
    ),
    ...cannotTell('too-short', ['the stall ended first', stall(() => 5), { limitMs: 20_000 }]),
    ...cannotTell('no-stall', ['nothing stalled', story().phase('broadcast', 6, 15)]),
    ...cannotTell('no-phase', ['no such phase', story()]),
  ],
)

judgeCases(
  'closed-in-time, with its own buffers',
  closedInTime,
  {
    group: 'stalled',
    phase: 'broadcast',
    path: 'broadcast',
    limitMs: 4_000,
    clients: 2,
    fillBytes: MiB,
  },
  [...passes('closed-in-time', ['two of three are enough', stall((t) => (t < 8 ? 5 : 3))])],
)
