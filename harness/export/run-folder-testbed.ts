/** A recorded run on disk, of events written by hand. */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../relay/world/clock.ts'
import type { HistoryEvent } from '../history/event.ts'
import { openJournal } from '../history/journal.ts'
import { story } from '../history/story-testbed.ts'
import { recordWith } from '../judge/record-testbed.ts'
import { historyFolder, writeRecord, type RunRecord } from '../judge/record.ts'

/** A new folder with the run `<suite>/01-calm` in it; the path of the run. */
export function runOnDisk(
  events: readonly HistoryEvent[],
  more: Partial<RunRecord> = {},
): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'export-')), '01-calm')
  mkdirSync(join(folder, historyFolder), { recursive: true })
  writeRecord(folder, recordWith({ journals: ['all.ndjson'], tookMs: 12_000, ...more }))
  const journal = openJournal(systemClock, join(folder, historyFolder, 'all.ndjson'), 0)
  for (const event of events) journal.write(event)
  journal.close()
  return folder
}

/** Ten seconds in which something of everything happens, and Redis is away from 4.2 s to 6.7 s. */
export const eventful = () => {
  const all = story()
  const scrape = (t: number, changed: Record<string, number | 'NaN' | null>, status = 200) =>
    all.add(['scrape', t * 1e6, 2_000, status, changed])
  const [clients, dropped, other] = [
    'websocket_connected_clients',
    'websocket_dropped_messages_total{reason="slow"}',
    'new_of_another{run="mine"}',
  ]
  scrape(1, { [clients]: 1, [dropped]: 0 })
  scrape(2, { [clients]: 2, [other]: 7 })
  scrape(3, {}, 0)
  scrape(4, { [clients]: null, [other]: 'NaN' })
  const buckets = { '+Inf': 3, 0.1: 2, 0.5: 3 }
  scrape(5, {
    'relay_e2e_latency_seconds_sum': 0.7,
    'relay_e2e_latency_seconds_count': 3,
    ...Object.fromEntries(
      Object.entries(buckets).map(([le, n]) => [`relay_e2e_latency_seconds_bucket{le="${le}"}`, n]),
    ),
  })
  all
    .phase('traffic', 0, 5)
    .phase('settle', 5, 10)
    .opened(0.1, 1)
    .acked(1.5, 0, 10, 4, { sentAt: 1 })
    .delivered(1.2, 1, 0, 10, 4)
    .delivered(8, 1, 0, 10, 2, { path: 'replay' })
    .closed(9.5, 1)
  all.add(
    {
      kind: 'fault',
      t: 4.2e6,
      id: 'gone/0-cut',
      step: 'inject',
      evidence: { fault: 'cut', says: 'link to "redis" cut' },
    },
    { kind: 'fault', t: 6.7e6, id: 'gone/0-cut', step: 'heal', evidence: {} },
    ['memory', 2e6, 'relay', 100, 500_000],
    ['memory', 8e6, 'relay', 300, 700_000],
    ['health', 2.5e6, 1_000, 200, { status: 'healthy' }],
    ['health', 4.5e6, 1_000, 503, { status: 'degraded' }],
    ['lagtruth', 3e6, 1_000, 'Stable', { 0: ['0', '14', '12', true], 1: ['2', '9', '-1', false] }],
    ['strain', 5e6, 'fleet', 12, 0, 0],
  )
  return all.events
}
