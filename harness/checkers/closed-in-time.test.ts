import { story, type Story } from '../history/story-testbed.ts'
import { closedInTime, type ClosedInTimeOptions } from './closed-in-time.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

const MiB = 1_048_576

/** Two readers and three clients that stall at 5 s; the target's count by `count`, 2 MiB/s. */
function stall(count: ((t: number) => number) | undefined, bytes = 20_972, until = 16): Story {
  const told = story().opened(0, 1).opened(0, 2)
  for (const client of [3, 4, 5]) told.opened(0, client, 'stalled')
  for (let t = 1; t < until; t += 1) told.acked(t, 0, (t - 1) * 100, 100, { bytes })
  for (let t = 0; t <= 16; t += 0.5) {
    told.scrape(t, { websocket_connected_clients: count?.(t) ?? null })
  }
  return told
    .broken(5, 15.5, { fault: 'stall', group: 'stalled', hop: 'clients' })
    .phase('broadcast', 6, 15)
}

/** Every slot was taken before, and at `at` so many of as many new clients as stalled get one. */
const probed = (at: number, letIn: number, told: Story) => {
  told.refused(1, 'stalled', 429)
  for (let n = 0; n < 4; n += 1) {
    if (n < letIn) told.opened(at, 10 + n, 'probe').closed(16, 10 + n, 'client')
    else told.refused(at, 'probe', 429)
  }
  return told
}
/** The same, but nothing is produced while they stall. */
const hush = (count: (t: number) => number) => stall(count, 20_972, 5)
const closing = (at: number, more = 0) => (t: number) => (t < at ? 5 : 2) + more
/** A replay, or pongs, some of which arrived after the stall. */
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
    ...passes<ClosedInTimeOptions>(
      'closed-in-time',
      ['all three within the limit', stall(closing(10))],
      ['new clients get the slots', probed(14.5, 3, stall(undefined)), { probe: 'probe' }],
      ['and the count is right as well', probed(14.5, 3, stall(closing(10))), { probe: 'probe' }],
      ['a target that counts one too many', probed(14.5, 3, stall(closing(10, 1))), {
        probe: 'probe',
      }],
      ['closed although little was owed', stall(closing(10), 10)],
      ['only the fleet saw it', seen(10)],
      ['pings stalled it', hush(closing(9)).sent(6.5, 3, 'ping:native', 80_000), {
        path: 'control',
      }],
      ['a replay stalled it', hush(closing(9)).sent(6, 3, 'resume:earliest'), { path: 'resume' }],
      ['it was only silent', stall(closing(8), 0), { path: 'silence' }],
      ['after the limit, where only the end is asked for', stall(closing(14)), { asks: 'ends' }],
    ),
    ...fails<ClosedInTimeOptions>(
      'closed-too-late',
      ['after the limit', stall(closing(14))],
      ['after the limit, before new clients came', probed(14.5, 3, stall(closing(14))), {
        probe: 'probe',
      }],
      ['a replay, too late', asked(stall(closing(11))), { path: 'resume' }],
      ['and only the time is asked for', stall(closing(14)), { asks: 'time' }],
    ),
    ...cannotTell<ClosedInTimeOptions>('not-closed', [
      'held to the end, where only the time is asked for',
      stall(() => 5),
      { asks: 'time' },
    ]),
    ...fails<ClosedInTimeOptions>(
      'not-closed',
      ['all held to the end', stall(() => 5)],
      ['and the end is asked for', stall(() => 5), { asks: 'ends' }],
      ['one held to the end', stall((t) => (t < 10 ? 5 : 3))],
      ['new clients meet the limit', probed(14.5, 0, stall(undefined)), { probe: 'probe' }],
      ['one slot of three', probed(14.5, 2, stall(undefined)), { probe: 'probe' }],
      ['our heal cuts them', probed(14.5, 0, stall((t) => (t < 15.2 ? 5 : 2))), { probe: 'probe' }],
      ['a slot that is taken again', stall((t) => (t < 10 || t > 14 ? 5 : 2))],
      ['pings, held to the end', pinged(stall(() => 5)), { path: 'control' }],
      ['a replay, held to the end', asked(stall(() => 5)), { path: 'resume' }],
      ['silent, held to the end', stall(() => 5, 0), { path: 'silence' }],
    ),
    ...fails<ClosedInTimeOptions>('slot-kept', [
      'closed, but the limit still counts them',
      probed(14.5, 0, stall(closing(10))),
      { probe: 'probe' },
    ]),
    ...fails<ClosedInTimeOptions>('new-client-failed', [
      'closed, and one new client met an error',
      probed(14.5, 2, stall(closing(10))).refused(14.6, 'probe', 500),
      { probe: 'probe' },
    ]),
    ...cannotTell<ClosedInTimeOptions>('time-unseen', [
      'new clients get the slots, and only the time is asked for',
      probed(14.5, 3, stall(undefined)),
      { asks: 'time', probe: 'probe' },
    ]),
    ...cannotTell<ClosedInTimeOptions>('other-writes', [
      'records waited as well',
      pinged(stall(closing(9))),
      { path: 'control' },
    ]),
    ...cannotTell<ClosedInTimeOptions>(
      'no-witness',
      ['a count that is wrong from the start is none', stall(closing(10, 1))],
      ['the fleet saw our own heal', seen(15.6)],
      ['no limit is in force', stall(undefined).opened(14.5, 10, 'probe'), { probe: 'probe' }],
    ),
    ...cannotTell<ClosedInTimeOptions>(
      'stall-not-proven',
      ['they hold their slots by right', probed(14.5, 0, stall(undefined, 10)), {
        probe: 'probe',
      }],
      ['too little was owed for a write to wait', stall(() => 5, 100)],
      ['no replay was asked for', stall(() => 5), { path: 'resume' }],
      ['hardly anything to replay', asked(stall(() => 5, 100)), { path: 'resume' }],
      ['the replay never came', stall(() => 5).sent(6, 3, 'resume:earliest'), { path: 'resume' }],
      ['the pings were not answered', stall(() => 5).sent(6.5, 3, 'ping:native', 9_000), {
        path: 'control',
      }],
    ),
    ...cannotTell<ClosedInTimeOptions>(
      'too-short',
      ['the stall ended first', stall(() => 5), { limitMs: 20_000 }],
      ['the limit was not over when new clients came', probed(14.5, 0, stall(() => 5)), {
        limitMs: 20_000,
        probe: 'probe',
      }],
    ),
    ...cannotTell<ClosedInTimeOptions>('no-stall', [
      'nothing stalled',
      story().phase('broadcast', 6, 15),
    ]),
    ...cannotTell<ClosedInTimeOptions>('no-phase', ['no such phase', story()]),
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
  [...passes<ClosedInTimeOptions>('closed-in-time', [
      'two of three are enough',
      stall((t) => (t < 8 ? 5 : 3)),
    ])],
)
