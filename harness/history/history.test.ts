import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readHistory } from './history.ts'
import { parseSeries } from './readings.ts'
import { story, type Story } from './story-testbed.ts'
import { versionLine } from './version.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'history-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A journal of today's version with these lines. */
const write = (name: string, ...lines: string[]) =>
  writeFileSync(join(folder, name), [versionLine, ...lines].join('\n'))
const lines = ({ events }: Story) => events.map((event) => JSON.stringify(event))
const lag = (partition: number) => `websocket_kafka_consumer_lag{partition="${partition}"}`

describe('readHistory', () => {
  test('merges the files of all processes by time', () => {
    write('fleet.ndjson', ...lines(story().opened(1, 1).opened(3, 2)), '')
    write('conductor.ndjson', ...lines(story().opened(2, 3)), '')
    write('notes.txt', 'not a journal')
    const history = readHistory(folder)
    expect(history.events('opened').map(({ client }) => client)).toEqual([1, 3, 2])
    expect(history.readFaults).toEqual({ truncated: 0, tooLong: 0, garbled: 0 })
    expect(history.end).toBe(3e6)
  })

  test('counts a last line that was cut short, and reads the rest', () => {
    write('fleet.ndjson', ...lines(story().opened(1, 1)), '{"kind":"opened","t":2000000,"cl')
    const history = readHistory(folder)
    expect(history.events('opened')).toHaveLength(1)
    expect(history.readFaults.truncated).toBe(1)
    expect(history.events('trouble')).toEqual([])
  })

  test.each([
    ['no JSON', 'nonsense'],
    ['nothing but a kind', '{"kind":"opened"}'],
    ['no such kind', '["unheard-of",1,2,3,4,5,6]'],
    ['no such kind of object', '{"kind":"unheard-of","t":1}'],
    ['no time', '["sent","now",1,"reset",1]'],
    ['an object without a time', '{"kind":"opened","client":1,"group":"readers"}'],
    ['too few parts', '["sent",1]'],
    ['a field is missing', '{"kind":"opened","t":1,"client":1}'],
    ['a field of another type', '{"kind":"opened","t":1,"client":"1","group":"readers"}'],
    ['no object where one is due', '{"kind":"deadletter","t":1,"fields":null}'],
    ['a cold kind as a tuple', '["opened",1,1,"readers"]'],
    ['a hot kind as an object', '{"kind":"sent","t":1,"client":1,"what":"reset","count":1}'],
    ['no step of a fault', '{"kind":"fault","t":1,"id":"a","step":"begin","evidence":{}}'],
    ['no effects', '{"kind":"fault","t":1,"id":"a","step":"inject","evidence":{},"effects":{}}'],
    ['a version behind the beginning', versionLine],
    ['no offset', '["delivered",1,1,0,"minus one",1,[0,1],"live"]'],
    ['no records', '["acked",1,0,"0",1,null]'],
    ['null', 'null'],
    ['nothing', ''],
  ])('makes trouble of a line that is no event: %s', (_, line) => {
    write('fleet.ndjson', ...lines(story().opened(1, 1)), line, ...lines(story().opened(2, 2)), '')
    const history = readHistory(folder)
    expect(history.events('opened')).toHaveLength(2)
    expect(history.readFaults.garbled).toBe(1)
    expect(history.events('trouble')).toHaveLength(1)
    expect(history.events('trouble')[0]?.what).toContain('fleet.ndjson:3')
  })

  test('reads lines that are longer than what is read at once', () => {
    const crcs = Array.from({ length: 300_000 }, (_, i) => i)
    write('fleet.ndjson', ...lines(story().opened(1, 1).seen(2, 0, 0, crcs, crcs).opened(3, 2)), '')
    const history = readHistory(folder)
    expect([...history.stream().sights]).toHaveLength(crcs.length)
    expect(history.events('opened')).toHaveLength(2)
  })
})

describe('a history', () => {
  test('has records by offset, in any order of acknowledgement', () => {
    const told = story()
      .acked(2, 0, 10, 10)
      .acked(1, 0, 0, 10, { malformed: { 3: 'x' } })
    const history = told.history()
    const records = history.stream().records.get(0)
    expect([records?.firstOffset, records?.lastOffset, records?.length]).toEqual([0, 19, 20])
    expect(records?.indexOf(15)).toBe(15)
    expect(records?.indexOf(20)).toBe(-1)
    expect(records?.record(12)).toMatchObject({ offset: 12, ackedAt: 2e6, sequence: 12 })
    expect([...(records?.malformed ?? [])]).toEqual([[3, 'x']])
  })

  test('has sessions with their stalls, and the client that came back twice', () => {
    const history = story()
      .opened(1, 1)
      .stalled(2, 1, true)
      .stalled(3, 1, false)
      .stalled(4, 1, true)
      .closed(5, 1)
      .opened(6, 1)
      .trouble(9, 'x', 'y')
      .history()
    const sessions = history.sessions.get(1) ?? []
    expect(sessions.map(({ begin, end }) => [begin, end])).toEqual([
      [1e6, 5e6],
      [6e6, 9e6],
    ])
    expect(sessions[0]?.stalls).toEqual([
      { begin: 2e6, end: 3e6 },
      { begin: 4e6, end: 5e6 },
    ])
  })

  test('has faults from injection to healing', () => {
    const told = story().broken(1, 3, { fault: 'stall', group: 'g' })
    told
      .fault(4, 'b', 'inject', { fault: 'cut' })
      .fault(5, 'b', 'ineffective', { probe: 'answered' })
    told.fault(6, 'b', 'failed', { why: 'stuck' })
    const [first, second] = told.history().faults
    expect(first).toMatchObject({ begin: 1e6, end: 3e6, isActive: true, spec: { group: 'g' } })
    expect(second).toMatchObject({ isActive: false, failure: { why: 'stuck' } })
    expect(second?.healedAt).toBeUndefined()
  })

  test('has a fault that was given up only as long as it was tried', () => {
    const told = story().fault(1, 'a', 'inject', { fault: 'rebalance' }).phase('later', 20, 30)
    told.fault(4, 'a', 'failed', { why: 'no rival' })
    expect(told.history().faults).toMatchObject([{ begin: 1e6, end: 4e6, isActive: undefined }])
    const unhealed = story().broken(1, 2, { fault: 'cut' }).events.slice(0, 2)
    const stays = story()
      .add(...unhealed)
      .fault(4, 'phase/0-cut', 'failed')
    expect(stays.phase('later', 20, 30).history().faults).toMatchObject([{ end: 30e6 }])
  })

  test('reads signals from scrapes that hold only what changed', () => {
    const name = 'websocket_kafka_messages_total'
    const history = story()
      .scrape(1, { [`${name}{status="success"}`]: 3, [`${name}{status="error"}`]: 1 })
      .scrape(2, { [`${name}{status="success"}`]: 5 })
      .scrape(3, {}, 0)
      .scrape(4, { [`${name}{status="success"}`]: null, [`${name}{status="error"}`]: null })
      .scrape(5, { [`${name}{status="success"}`]: 'NaN' })
      .history()
    expect(history.signal('received').t).toEqual([1e6, 2e6, 4e6, 5e6])
    expect(history.signal('received').v).toEqual([4, 6, null, Number.NaN])
    expect(history.signal('decoded').v).toEqual([3, 5, null, Number.NaN])
    expect([...history.scrapes()].map(({ series }) => series.size)).toEqual([2, 2, 0, 1])
  })

  test('reads signals by label, absent before they were first exported', () => {
    const history = story()
      .scrape(1, { [lag(0)]: 7 })
      .scrape(2, { [lag(1)]: 9 })
      .history()
    expect(Object.fromEntries(history.signalBy('consumerLag'))).toEqual({
      0: { t: [1e6, 2e6], v: [7, 7] },
      1: { t: [1e6, 2e6], v: [null, 9] },
    })
  })

  test('falls back to /health if /metrics lacks the signal', () => {
    const body = { status: 'healthy', alert: 'help', metrics: { connected_clients: 3 } }
    const history = story().scrape(1, {}).health(2, body).health(3, { status: 'healthy' }).history()
    expect(history.signal('connectedClients')).toEqual({ t: [2e6, 3e6], v: [3, null] })
    expect(history.text('healthAlert')).toEqual({ t: [2e6, 3e6], v: ['help', null] })
  })

  test('measures latency from hand-over to arrival', () => {
    const told = story().opened(0, 1).acked(1, 0, 0, 10, { sentAt: 0.5 })
    const history = told.delivered(1.5, 1, 0, 0, 10, { over: 0.5 }).history()
    const histogram = history.latency([1])
    expect(histogram.totalCount).toBe(10)
    expect(histogram.minNonZeroValue / 1e6).toBeCloseTo(1, 2)
    expect(histogram.maxValue / 1e6).toBeCloseTo(1.5, 2)
    expect(history.latency([1], { begin: 0, end: 1.6e6 }).totalCount).toBe(1)
    expect(history.latency([2]).totalCount).toBe(0)
  })
})

test('series keys are taken apart with their escapes', () => {
  expect(parseSeries('plain')).toEqual({ metric: 'plain', labels: {} })
  expect(parseSeries('m{a="1,2",b="say \\"hi\\"\\n\\\\",c=""}')).toEqual({
    metric: 'm',
    labels: { a: '1,2', b: 'say "hi"\n\\', c: '' },
  })
})
