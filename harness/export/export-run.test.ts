/** What an exported run holds: read back sample by sample. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { story } from '../history/story-testbed.ts'
import type { RunRecord } from '../judge/record.ts'
import { exportRun, exportToFile, runNameOf } from './export-run.ts'
import { eventful, runOnDisk } from './run-folder-testbed.ts'
import type { HistoryEvent } from '../history/event.ts'

const startUnixMs = Date.UTC(2026, 0, 1)
const startSeconds = startUnixMs / 1_000
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(dirname(folder), { recursive: true })
})

function textOf(events: readonly HistoryEvent[], more: Partial<RunRecord> = {}) {
  const folder = runOnDisk(events, more)
  folders.push(folder)
  let text = ''
  const exported = exportRun(folder, { run: 'a', startUnixMs }, (piece) => (text += piece))
  return { text, lines: text.split('\n'), ...exported }
}

/** Samples of series that hold `part`, as `[seconds since the start, value]`. */
function samples(lines: readonly string[], metric: string, part = ''): [number, number][] {
  return lines.flatMap((line): [number, number][] => {
    if (!line.startsWith(`${metric}{`) || !line.includes(part)) return []
    const [value, time] = line.split(' ').slice(-2)
    const seconds = Math.trunc(Number(time) * 1_000) / 1_000 - startSeconds
    return [[Number(seconds.toFixed(3)), Number(value?.replace('Inf', 'Infinity'))]]
  })
}

describe('the text', () => {
  test('has one block a family, all samples in it, and an end', () => {
    const { lines } = textOf(eventful())
    expect(lines.slice(-2)).toEqual(['# EOF', ''])
    const heads = lines.filter((line) => line.startsWith('# TYPE '))
    const families = heads.map((line) => line.split(' ')[2])
    expect(new Set(families).size).toBe(families.length)
    let family = ''
    const strays = lines.filter((line) => {
      family = /^# TYPE (\S+)/.exec(line)?.[1] ?? family
      return line !== '' && !line.startsWith('#') && !line.startsWith(family)
    })
    expect(strays).toEqual([])
  })

  test('names run, scenario and variant in every series', () => {
    const target = { kind: 'reference', says: 'x', defect: 'm-1034-unbounded' } as const
    const { lines } = textOf(eventful(), { target })
    const named = '{run="a",scenario="calm",variant="m-1034-unbounded"'
    const series = lines.filter((line) => line !== '' && !line.startsWith('#'))
    expect(series.length).toBeGreaterThan(100)
    expect(series.filter((line) => !line.includes(named))).toEqual([])
  })

  test('counts what it writes', () => {
    const { lines, text, samples: count, series, bytes } = textOf(eventful())
    const written = lines.filter((line) => line !== '' && !line.startsWith('#'))
    expect(count).toBe(written.length)
    expect(series).toBe(new Set(written.map((line) => line.replace(/ \S+ \S+$/, ''))).size)
    expect(bytes).toBe(Buffer.byteLength(text))
  })

  test('has the times of each series ascending', () => {
    const { lines } = textOf(eventful().toReversed())
    const latest = new Map<string, number>()
    for (const line of lines.filter((one) => one !== '' && !one.startsWith('#'))) {
      const [, series = '', time] = /^(.*) \S+ (\S+)$/.exec(line) ?? []
      expect(Number(time)).toBeGreaterThan(latest.get(series) ?? 0)
      latest.set(series, Number(time))
    }
  })

  test('is as long for a million deliveries as for a few', () => {
    const few = story().opened(0, 1).acked(1, 0, 0, 2_000).delivered(1, 1, 0, 0, 2)
    const many = story().opened(0, 1).acked(1, 0, 0, 2_000)
    for (let i = 0; i < 500; i += 1) many.delivered(1.1, 1, 0, 0, 2_000)
    const [short, long] = [textOf(few.events), textOf(many.events)]
    expect(long.samples - short.samples).toBeLessThan(10)
    expect(samples(long.lines, 'chaos_deliveries_total', 'live').at(-1)?.[1]).toBe(1_000_000)
  })
})

describe('what the harness knows', () => {
  const { lines } = textOf(eventful())

  test('has a fault as 0 and 1, with its edges', () => {
    const fault = samples(lines, 'chaos_fault_active', 'fault="gone/0-cut"')
    expect(fault).toEqual([
      ...[0, 1, 2, 3, 4].map((t) => [t, 0]),
      ...[4.2, 5, 6].map((t) => [t, 1]),
      ...[6.7, 7, 8, 9, 10].map((t) => [t, 0]),
    ])
    expect(lines.join()).toContain(String.raw`says="link to \"redis\" cut"`)
  })

  test('counts records, deliveries and ends by the second', () => {
    expect(samples(lines, 'chaos_records_acked_total').slice(0, 4)).toEqual([
      [0, 0],
      [1, 0],
      [2, 4],
      [3, 4],
    ])
    expect(samples(lines, 'chaos_deliveries_total', 'path="live"').at(-1)).toEqual([10, 4])
    expect(samples(lines, 'chaos_deliveries_total', 'path="replay"').slice(8)).toEqual([
      [8, 0],
      [9, 2],
      [10, 2],
    ])
    expect(samples(lines, 'chaos_clients_open').slice(-2)).toEqual([
      [9, 1],
      [10, 0],
    ])
    expect(samples(lines, 'chaos_clients_closed_total', 'code="none"').at(-1)).toEqual([10, 1])
  })

  test('has the latency of the arrivals of a second, apart from that of replays', () => {
    const live = samples(lines, 'chaos_delivery_latency_seconds', 'path="live",quantile="0.99"')
    expect(live.map(([t]) => t)).toEqual([2])
    expect(live[0]?.[1]).toBeCloseTo(0.2, 2)
    const replay = samples(lines, 'chaos_delivery_latency_seconds', 'path="replay",quantile="0.5"')
    expect(replay.map(([t]) => t)).toEqual([9])
    expect(replay[0]?.[1]).toBeCloseTo(7, 0)
  })

  test('counts each part of a run of deliveries when it arrived', () => {
    const slow = story().phase('traffic', 0, 5).opened(0, 1).acked(0.1, 0, 0, 4, { sentAt: 0 })
    const { lines: own } = textOf(slow.delivered(0.5, 1, 0, 0, 4, { over: 3 }).events)
    expect(samples(own, 'chaos_deliveries_total', 'live').map(([, count]) => count)).toEqual([
      0, 1, 1, 1, 4, 4,
    ])
  })

  test('begins with the first phase of the scenario; what came before lies before', () => {
    const late = story().phase('opening', 0, 3).phase('traffic', 3, 5).opened(1, 1)
    const phase = { name: 'traffic', ms: 2_000, faults: [], stimuli: [] }
    const phases = [{ ...phase, load: { recordsPerSecond: 1, payloadBytes: 1 } }]
    const { lines: own, endMs } = textOf(late.events, { phases })
    const traffic = samples(own, 'chaos_phase_active', 'phase="traffic"')
    expect(traffic).toEqual([
      ...[-3, -2, -1].map((t) => [t, 0]),
      ...[0, 1].map((t) => [t, 1]),
      [2, 0],
    ])
    expect(endMs).toBe(2_000)
  })

  test('has what samplers saw', () => {
    expect(samples(lines, 'chaos_resident_memory_bytes')).toEqual([
      [2, 100],
      [8, 300],
    ])
    expect(samples(lines, 'chaos_true_lag_records', 'partition="0"')).toEqual([[3, 2]])
    expect(samples(lines, 'chaos_true_lag_records', 'partition="1"')).toEqual([[3, 7]])
    expect(samples(lines, 'chaos_health_status', 'degraded')).toEqual([
      [2.5, 0],
      [4.5, 1],
    ])
    expect(samples(lines, 'up')).toEqual([
      [1, 1],
      [2, 1],
      [3, 0],
      [4, 1],
      [5, 1],
    ])
  })
})

describe('what was scraped', () => {
  const { lines } = textOf(eventful())

  test('has its own name, the type of the table, and every value at each answered scrape', () => {
    expect(lines).toContain('# TYPE websocket_connected_clients gauge')
    expect(lines).toContain('# TYPE websocket_dropped_messages counter')
    expect(samples(lines, 'websocket_connected_clients')).toEqual([
      [1, 1],
      [2, 2],
    ])
    expect(samples(lines, 'websocket_dropped_messages_total').length).toBe(4)
    expect(lines.find((one) => one.startsWith('websocket_conn'))).toContain('service="dashstream"')
  })

  test('keeps what no table knows, and lets a label of ours have its name', () => {
    expect(lines).toContain('# TYPE new_of_another unknown')
    expect(samples(lines, 'new_of_another', 'exported_run="mine"').length).toBe(3)
  })

  test('has the parts of a histogram together, bounds ascending', () => {
    const own = lines.filter((line) => line.startsWith('relay_e2e_latency_seconds'))
    expect(own.map((line) => /^(\w+)\{|/.exec(line)?.[1]?.slice(26))).toEqual([
      'bucket',
      'bucket',
      'bucket',
      'count',
      'sum',
    ])
    const bounds = own.flatMap((line) => /le="([^"]+)"/.exec(line)?.[1] ?? [])
    expect(bounds).toEqual(['0.1', '0.5', '+Inf'])
  })
})

describe('limits', () => {
  const answered = (limitMs: number) =>
    ({ finding: 'A', expectation: { check: 'answers-in-time', limitMs, pollsMin: 1 } }) as const
  const bounded = { check: 'memory-bounded', calm: 'traffic', phases: ['settle'] } as const
  const expectations: RunRecord['expectations'] = [
    answered(900),
    answered(300),
    { finding: 'B', expectation: { ...bounded, budgetBytes: 50 } },
  ]
  const { lines } = textOf(eventful(), { expectations })

  test('are lines: the strictest one of a rule, in the unit of what it limits', () => {
    const labels = 'rule="answers-in-time",finding="A",unit="seconds"'
    const ms = samples(lines, 'chaos_rule_limit', labels)
    expect(ms).toEqual(Array.from({ length: 11 }, (_, t) => [t, 0.3]))
  })

  test('have the ceiling of the memory, from the peak of the calm phase', () => {
    const labels = 'rule="memory-bounded",finding="B",unit="bytes"'
    const bytes = samples(lines, 'chaos_rule_limit', labels)
    expect(bytes[0]).toEqual([0, 200])
  })
})

describe('a file', () => {
  test('is new, or nothing is written', () => {
    const folder = runOnDisk(eventful())
    folders.push(folder)
    const file = join(folder, 'run.om')
    const as = { run: runNameOf(folder), startUnixMs }
    const { bytes, doubts } = exportToFile(folder, as, file)
    expect(doubts).toEqual([])
    expect(readFileSync(file).length).toBe(bytes)
    expect(() => exportToFile(folder, as, file)).toThrow(/must be a new file, and .*run\.om exists/)
  })

  test('does not stay where the run cannot be read', () => {
    const folder = runOnDisk(eventful())
    folders.push(folder)
    rmSync(join(folder, 'run.json'))
    const file = join(folder, 'run.om')
    const as = { run: 'a', startUnixMs }
    expect(() => exportToFile(folder, as, file)).toThrow(/cannot be exported/)
    expect(readdirSync(folder)).not.toContain('run.om')
  })
})

test('a run that is not whole is exported, with doubts', () => {
  const { doubts } = textOf(eventful(), {
    isComplete: false,
    cutShort: 'the fleet is gone',
    journals: ['all.ndjson', 'fleet.ndjson'],
  })
  expect(doubts).toEqual([
    'the run was cut short: the fleet is gone',
    'journals are missing: fleet.ndjson',
  ])
})
