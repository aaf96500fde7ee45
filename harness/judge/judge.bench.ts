/**
 * Prints what it costs to judge a million deliveries: `node harness/judge/judge.bench.ts`. The
 * history is one that a fleet would write: a hundred clients, runs of about fifty records.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../relay/world/clock.ts'
import type { ProducedRecord } from '../history/event.ts'
import { readHistory } from '../history/history.ts'
import { openJournal, type Journal } from '../history/journal.ts'
import { judge } from './judge.ts'
import type { RunRecord } from './record.ts'

const clients = 100
const partitions = 4
const recordsEach = 2_500
const runLength = Number(process.argv[2] ?? 50)
const gapMicros = 2_000

const record: RunRecord = {
  schemaVersion: 1,
  scenario: { name: 'bench', claim: 'none' },
  seed: 'bench',
  target: { kind: 'reference', says: 'none' },
  phases: [],
  expectations: [],
  settings: {},
  effective: {},
  versions: {},
  machine: {},
  startedAt: '',
  tookMs: 0,
  isComplete: true,
  reproduce: '',
}

const folder = mkdtempSync(join(tmpdir(), 'judge-bench-'))
try {
  const journal = openJournal(systemClock, join(folder, 'fleet.ndjson'), systemClock.nowMs())
  for (let partition = 0; partition < partitions; partition += 1) write(journal, partition)
  journal.write({ kind: 'phase', t: 60e6, name: 'settle', edge: 'begin' })
  journal.write({ kind: 'phase', t: 70e6, name: 'settle', edge: 'end' })
  journal.write({
    kind: 'process',
    t: 0,
    role: 'relay',
    pid: 1,
    edge: 'start',
    code: null,
    signal: null,
  })
  journal.close()
  report()
} finally {
  rmSync(folder, { recursive: true })
}

/** One partition: records in batches of fifty, then every client's runs of them. */
function write(journal: Journal, partition: number): void {
  for (let first = 0; first < recordsEach; first += 50) {
    const records = Array.from({ length: 50 }, (_, i): ProducedRecord => {
      const number = partition * recordsEach + first + i
      return [number, `run-${number % 24}`, first + i, crcOf(number), 1_024]
    })
    const t = 1e6 + first * gapMicros
    journal.write(['acked', t + 3_000, partition, String(first), t, records])
    const crcs = records.map(([, , , crc]) => crc)
    journal.write(['seen', t + 5_000, partition, String(first), crcs, crcs.map(() => 1_024)])
  }
  for (let client = 1; client <= clients; client += 1) {
    if (partition === 0) journal.write({ kind: 'opened', t: 0, client, group: 'readers' })
    for (let first = 0; first < recordsEach; first += runLength) {
      const t = 1e6 + first * gapMicros + 5_000 + client
      const count = Math.min(runLength, recordsEach - first)
      const arrivals = Array.from({ length: Math.ceil(count / 5) }, (_, i) => {
        return [i === 0 ? 0 : 9_973, Math.min(5, count - i * 5)]
      }).flat()
      journal.write(['delivered', t, client, partition, String(first), count, arrivals, 'live'])
    }
  }
}

/** A well-mixed 32-bit number, as long on disk as a real checksum. */
function crcOf(number: number): number {
  return Math.imul(number ^ (number >>> 15), 0x2c1b3c6d) >>> 0
}

function report(): void {
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
  const beganMs = systemClock.nowMs()
  const history = readHistory(folder)
  const readMs = systemClock.nowMs() - beganMs
  const verdict = judge(history, record)
  const judgedMs = systemClock.nowMs() - beganMs
  const latency = history.latency(history.sessions.keys())
  const tookMs = systemClock.nowMs() - beganMs
  const [stream] = verdict.expectations
  process.stdout.write(
    `${history.stream().delivered} deliveries, ${(sum(sizes) / 1e6).toFixed(1)} MB on disk\n` +
      `read ${readMs.toFixed(0)} ms, judged by ${judgedMs.toFixed(0)} ms, ` +
      `with latency (p99 ${latency.getValueAtPercentile(99)} us) by ${tookMs.toFixed(0)} ms\n` +
      `peak RSS ${(process.resourceUsage().maxRSS / 1_024).toFixed(0)} MiB, ` +
      `${verdict.verdict}: ${stream?.judgement.why ?? ''}\n`,
  )
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
