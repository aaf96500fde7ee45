/**
 * The invariants of the protocol that random schedules are judged by: what is promised, a history
 * in which it is broken, and the rule that finds it by the very expectations of a random scenario.
 * `defect` is one that breaks it in a real run.
 */
import { expect, test } from 'vitest'
import { checkers, type CheckerName } from '../checkers/registry.ts'
import type { Checker } from '../checkers/checker.ts'
import { planOf } from '../conductor/plan.ts'
import { defectNames, type DefectName } from '../defects/index.ts'
import { story, type Story } from '../history/story-testbed.ts'
import { knownOfReference, timingOf } from '../targets/environment.ts'
import type { Schedule } from './draw.ts'
import { scenarioOf } from './scenario.ts'

interface Row {
  readonly invariant: string
  readonly promises: string
  readonly check: CheckerName
  readonly rule: string
  readonly broken: Story
  /** Undefined where none of the defects is about it. */
  readonly defect?: DefectName
}

/** Client 1 stays and has the hundred records of partition 0. */
const calm = (): Story =>
  story()
    .opened(0.5, 1, 'staying')
    .acked(1, 0, 0, 100)
    .delivered(1.1, 1, 0, 0, 100)
    .phase('settle', 30, 40)
    .closed(40.5, 1, 'client')
/** Client 2 comes at 3 s and asks for everything. */
const asking = (given = calm()): Story =>
  given.opened(3, 2, 'newcomers').sent(3, 2, 'resume:earliest').closed(40.6, 2, 'client')
const replay = { path: 'replay' } as const

/** Scraped each second, asked for its health in between. */
function counting(series: Readonly<Record<string, number>>, received = 100): Story {
  const told = calm()
  for (let t = 2; t < 9; t += 1) {
    told.scrape(t, { 'websocket_kafka_messages_total{status="success"}': 100, ...series })
    told.health(t + 0.5, { metrics: { kafka_messages_received: received } })
  }
  return told
}

/** So many of the probe are let in before and after everything; the others meet the limit. */
function slots(before: number, after: number): Story {
  const told = calm().phase('room', 5, 6).phase('slots', 10, 11)
  for (const [at, opened] of [[5.5, before], [10.5, after]] as const) {
    for (let n = 0; n < 15; n += 1) {
      const client = at * 100 + n
      if (n < opened) told.opened(at, client, 'probe').closed(at + 0.5, client, 'client')
      else told.refused(at, 'probe', 429)
    }
  }
  return told
}

function stopped(code: number, tookSeconds: number): Story {
  const told = calm().process(0, 'start')
  const relay = { kind: 'process', role: 'relay', pid: 1 } as const
  told.add({ ...relay, t: 20e6, edge: 'signal', code: null, signal: 'SIGTERM' })
  return told.add({ ...relay, t: (20 + tookSeconds) * 1e6, edge: 'exit', code, signal: null })
}

/** Redis is cut in part 1; what is sent then arrives so late. */
const throughRedis = (lateSeconds: number): Story =>
  story()
    .opened(0.5, 1, 'staying')
    .phase('traffic', 0.5, 4)
    .phase('part-1', 5, 10)
    .acked(1.1, 0, 0, 50, { sentAt: 1 })
    .delivered(1.2, 1, 0, 0, 50)
    .acked(6.1, 0, 50, 50, { sentAt: 6 })
    .delivered(6 + lateSeconds, 1, 0, 50, 50)

function asked(tookSeconds: number): Story {
  const told = calm()
  for (let t = 2; t < 20; t += 0.5) told.health(t, {})
  return told.add(['health', 20e6, tookSeconds * 1e6, 200, {}])
}

const gap = (count: number) => {
  return { type: 'gap', partition: 0, firstOffset: '40', lastOffset: '59', count }
}

const rows: readonly Row[] = [
  {
    invariant: 'I1',
    promises: 'a cursor comes before each record, and a record behind each cursor',
    check: 'stream',
    rule: 'garbled',
    broken: calm().add(['garbled', 2e6, 1, -1, '-1', 'record-without-cursor']),
  },
  {
    invariant: 'I2',
    promises: 'a replay holds every retained record behind the cursor, or says what is missing',
    check: 'stream',
    rule: 'gap-hidden',
    broken: asking().delivered(3.1, 2, 0, 0, 20, replay).delivered(3.1, 2, 0, 30, 70, replay),
    defect: '2x-8-holes-not-reported',
  },
  {
    invariant: 'I3',
    promises: 'the bytes of a record are those in Kafka',
    check: 'stream',
    rule: 'garbled',
    broken: calm().seen(1.2, 0, 5, [1], [100]),
  },
  {
    invariant: 'I4',
    promises: 'every record received has one outcome',
    check: 'counts-add-up',
    rule: 'outcomes-missing',
    broken: counting({}, 101),
  },
  {
    invariant: 'I4',
    promises: 'every decoding error has one type',
    check: 'counts-add-up',
    rule: 'errors-without-type',
    broken: counting({ 'websocket_kafka_messages_total{status="error"}': 1,
      'websocket_decode_errors_total{error_type="invalid_protobuf"}': 0 }, 101),
  },
  {
    invariant: 'I5',
    promises: 'the records that clients missed are those that were dropped',
    check: 'counts-add-up',
    rule: 'lag-without-drop',
    broken: counting({ 'websocket_client_lag_messages_total{severity="info"}': 7,
      websocket_dropped_messages_total: 6 }),
  },
  {
    invariant: 'I6',
    promises: 'after all have left, as many as may are let in again',
    check: 'new-clients-accepted',
    rule: 'new-client-refused',
    broken: slots(11, 10),
    defect: '2x-32-aborted-handshake-keeps-slot',
  },
  {
    invariant: 'I7',
    promises: 'where all was read, the next offset is committed',
    check: 'commits-next-offset',
    rule: 'commit-behind',
    broken: calm().phase('quiet', 5, 15)
      .lagtruth(8, { 0: [0, 100, 99, true] }).lagtruth(14, { 0: [0, 100, 99, true] }),
    defect: 'm-414-last-offset-committed',
  },
  {
    invariant: 'I7',
    promises: 'nothing is committed that was not read, so a restart loses nothing',
    check: 'stream',
    rule: 'lost',
    broken: calm().broken(2, 3, { fault: 'restart-relay' }).acked(5, 0, 100, 50)
      .delivered(5.1, 1, 0, 100, 20),
    defect: 'm-1114-committed-before-read',
  },
  {
    invariant: 'I8',
    promises: 'asked to stop, the relay ends with code 0',
    check: 'shutdown-completes',
    rule: 'ended-badly',
    broken: stopped(1, 1),
    defect: 'v35-8-aborts-on-shutdown',
  },
  {
    invariant: 'I8',
    promises: 'asked to stop, the relay ends in time',
    check: 'shutdown-completes',
    rule: 'ended-late',
    broken: stopped(0, 16),
  },
  {
    invariant: 'I9',
    promises: 'live records do not notice what happens to Redis',
    check: 'delivered-in-time',
    rule: 'delivered-late',
    broken: throughRedis(4),
    defect: '2x-6-record-waits-for-redis',
  },
  {
    invariant: 'I10',
    promises: 'a replay ends with its last frame in time',
    check: 'replays-answered',
    rule: 'not-answered',
    broken: asking().delivered(3.1, 2, 0, 0, 100, replay),
    defect: 'own-10-replays-wait-for-lag',
  },
  {
    invariant: 'I11',
    promises: '/health answers within a second',
    check: 'answers-in-time',
    rule: 'answered-late',
    broken: asked(1.2),
  },
  {
    invariant: 'I12',
    promises: 'a gap counts what is really missing',
    check: 'stream',
    rule: 'gap-inexact',
    broken: asking().stalled(3.05, 1, true).stalled(3.6, 1, false).acked(3, 1, 0, 100)
      .delivered(3.1, 2, 0, 0, 100, replay).delivered(3.1, 2, 1, 0, 100)
      .delivered(3.1, 1, 1, 0, 40).control(3.7, 1, { ...gap(30), partition: 1 })
      .delivered(3.8, 1, 1, 60, 40),
  },
]

const schedule: Schedule = {
  seed: 'invariants',
  index: 1,
  parts: [{ number: 1, ms: 1_000, fault: { fault: 'cut', hop: 'redis' } }],
}
const scenario = scenarioOf(schedule)
const { expectations } = planOf(
  scenario,
  timingOf(scenario.relay, knownOfReference(scenario.relay)),
)

test.each(rows)('$invariant: $promises, or $check says $rule', ({ check, rule, broken }) => {
  const expected = expectations.filter(({ expectation }) => expectation.check === check)
  expect(expected).toHaveLength(1)
  const { check: _, ...options } = expected[0]!.expectation
  const judged = (checkers[check] as unknown as Checker<object>).judge(broken.history(), options)
  expect([judged.verdict, judged.rule]).toEqual(['fail', rule])
})

test('every invariant has a row, and every defect that is named is one', () => {
  const wanted = Array.from({ length: 12 }, (_, at) => `I${at + 1}`)
  expect([...new Set(rows.map(({ invariant }) => invariant))]).toEqual(wanted)
  for (const { defect } of rows) if (defect !== undefined) expect(defectNames).toContain(defect)
})
