import { story, type Story } from '../history/story.ts'
import { slotsReleased } from './slots-released.ts'
import { cannotTell, fails, judgeCases, passes } from './testbed.ts'

/** A reader, two clients with slots in the window 5..10 s, probes at 11 s; the target's count. */
function slots(count: (t: number) => number, isProbed = true): Story {
  const told = story().opened(0, 1).opened(0, 2, 'stalled').opened(0, 3, 'stalled')
  for (let t = 0; t <= 16; t += 0.5) told.scrape(t, { websocket_connected_clients: count(t) })
  if (isProbed) told.opened(11, 4, 'probe').opened(11, 5, 'probe')
  return told
    .broken(5, 10.5, { fault: 'stall', group: 'stalled', hop: 'clients' })
    .phase('stall', 5, 10)
    .closed(12, 2)
    .closed(12, 3)
}

const released = (t: number) => (t < 8 ? 3 : t < 11 ? 1 : 3)

judgeCases(
  'slots-released',
  slotsReleased,
  { phase: 'stall', group: 'stalled', probe: 'probe', limitMs: 4_000 },
  [
    ...passes('slots-released', ['free again, new ones let in', slots(released)]),
    ...fails('slot-kept', [
      'the count never came back',
      slots((t) => (t < 11 ? 3 : 5)),
    ]),
    ...fails('new-client-refused', [
      'the limit still counts the gone',
      slots(released).refused(11, 'probe', 429),
    ]),
    ...fails('new-client-failed', ['no answer', slots(released).refused(11, 'probe', 0)]),
    ...cannotTell('still-connected', [
      'they were not gone at all',
      slots((t) => (t < 8 ? 4 : t < 11 ? 2 : 4))
        .opened(0, 6, 'stalled')
        .refused(11, 'probe', 429),
    ]),
    ...cannotTell('no-probe', ['nobody tried', slots((t) => (t < 8 ? 3 : 1), false)]),
    ...cannotTell('no-slots', ['nobody held a slot', story().phase('stall', 5, 10)]),
    ...cannotTell('not-counted', [
      'the target does not count',
      story().opened(0, 2, 'stalled').phase('stall', 5, 10).closed(9, 2).opened(11, 4, 'probe'),
    ]),
  ],
)
