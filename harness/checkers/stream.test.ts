/** The stream checker on hand-written histories, good and bad. */
import { describe, expect, test } from 'vitest'
import { story, type Story } from '../history/story-testbed.ts'
import type { Verdict } from './checker.ts'
import { stream } from './stream.ts'
import type { StreamOptions } from './stream/options.ts'
import { describeStreamCase } from './stream/stream-testbed.ts'

/** Hundred records of partition 0, one client from before them, settled at 20 s. */
const calm = (): Story =>
  story().opened(0.5, 1).acked(1, 0, 0, 100).phase('settle', 10, 20).closed(20.5, 1, 'client')

interface Case {
  readonly what: string
  readonly given: Story
  readonly verdict: Verdict
  readonly rule: string
  readonly options?: StreamOptions
  /** How many records the anomaly is about. */
  readonly count?: number
}

/** The way to the readers was cut, shortly before `at`. */
const cut = (given: Story, at: number): Story =>
  given.broken(at - 0.1, at + 0.1, { fault: 'cut', hop: 'clients', group: 'readers' })
/** The client did not read for a while around `at`. */
const lag = (given: Story, at: number, client: number): Story =>
  given.stalled(at - 0.05, client, true).stalled(at + 0.05, client, false)

const gap = { type: 'gap', partition: 0, firstOffset: '40', lastOffset: '59', count: 20 }
const poison = { malformed: { 50: 'garbage' } }

const good = [
  { what: 'all delivered', given: calm().delivered(1.1, 1, 0, 0, 100) },
  {
    what: 'two partitions, many runs',
    given: calm()
      .acked(1, 1, 0, 10)
      .delivered(1.1, 1, 0, 0, 50)
      .delivered(1.1, 1, 1, 0, 10)
      .delivered(1.2, 1, 0, 50, 50),
  },
  {
    what: 'joined later: earlier records are not owed',
    given: calm().delivered(1.1, 1, 0, 0, 100).opened(5, 2).acked(6, 0, 100, 10)
      .delivered(6.1, 1, 0, 100, 10).delivered(6.1, 2, 0, 100, 10),
  },
  {
    what: 'gap declared exactly',
    given: lag(calm(), 1.2, 1).delivered(1.1, 1, 0, 0, 40).control(2, 1, gap)
      .delivered(2.1, 1, 0, 60, 40),
  },
  {
    what: 'gap declared by count',
    given: lag(calm(), 1.2, 1)
      .delivered(1.1, 1, 0, 0, 40)
      .control(2, 1, { type: 'gap', count: 20 })
      .delivered(2.1, 1, 0, 60, 40),
  },
  {
    what: 'ended by a cut of ours: the rest is owed to no client',
    given: cut(calm(), 1.3).delivered(1.1, 1, 0, 0, 100).opened(0.5, 2).delivered(1.2, 2, 0, 0, 30)
      .closed(1.3, 2),
  },
  {
    what: 'came back and resumed from its cursor',
    given: cut(calm(), 1.2)
      .delivered(1.1, 1, 0, 0, 30)
      .closed(1.2, 1)
      .opened(2, 1)
      .sent(2, 1, 'resume:cursor')
      .delivered(2.1, 1, 0, 30, 70, { path: 'replay' })
      .acked(3, 0, 100, 5)
      .delivered(3.1, 1, 0, 100, 5)
      .closed(20.6, 1, 'client'),
  },
  {
    what: 'a replay on request brings old records again, what was under way included',
    given: calm()
      .delivered(1.1, 1, 0, 0, 90)
      .sent(1.2, 1, 'resume:earliest')
      .delivered(1.21, 1, 0, 90, 5, { path: 'replay' })
      .delivered(1.3, 1, 0, 0, 95, { path: 'replay' })
      .delivered(1.4, 1, 0, 95, 5),
  },
  {
    what: 'stale cursor told, because Redis had been away',
    given: cut(calm(), 1.2)
      .broken(0.9, 1.05, { fault: 'cut', hop: 'redis' })
      .delivered(1.1, 1, 0, 0, 10)
      .closed(1.2, 1)
      .opened(2, 1)
      .sent(2, 1, 'resume:cursor')
      .control(2.1, 1, { type: 'cursor_stale', partition: 0, requested: '9', oldest: '60' })
      .delivered(2.2, 1, 0, 60, 40, { path: 'replay' })
      .closed(20.6, 1, 'client'),
  },
  {
    what: 'malformed record dead-lettered',
    given: story().opened(0.5, 1).acked(1, 0, 0, 100, poison).phase('settle', 10, 20)
      .delivered(1.1, 1, 0, 0, 50).delivered(1.2, 1, 0, 51, 49),
  },
  {
    what: 'halted at a malformed record, as it was told',
    given: story().opened(0.5, 1).acked(1, 0, 0, 100, poison).phase('settle', 10, 20)
      .delivered(1.1, 1, 0, 0, 50),
    options: { haltsAtPoison: true },
  },
  {
    what: 'redelivered after a rebalance of that partition',
    given: calm()
      .lagtruth(0.9, { 0: [0, 0, 0, true] })
      .delivered(1.1, 1, 0, 0, 60)
      .broken(2, 4, { fault: 'rebalance' })
      .lagtruth(3, { 0: [0, 100, 40, false] })
      .delivered(4.5, 1, 0, 40, 60),
  },
  {
    what: 'redelivered after the relay was killed',
    given: calm()
      .lagtruth(1.9, { 0: [0, 100, 40, true] })
      .delivered(1.1, 1, 0, 0, 60)
      .broken(2, 3, { fault: 'kill-relay' })
      .closed(2, 1, 'network')
      .opened(3, 1)
      .delivered(3.5, 1, 0, 40, 60)
      .closed(20.6, 1, 'client'),
  },
  {
    what: 'stored by a send that failed, and delivered',
    given: calm()
      .add(['unacked', 2e6, 0, false, 'timeout', [[100, 'run', 100, 77, 100]]])
      .seen(2.1, 0, 100, [77], [100])
      .delivered(1.1, 1, 0, 0, 101),
  },
].map((one) => Object.assign(one, { verdict: 'pass' as const, rule: 'whole' }))

const bad = [
  {
    what: 'no client got it',
    given: calm().delivered(1.1, 1, 0, 0, 40).delivered(1.2, 1, 0, 41, 59),
    rule: 'lost',
    count: 1,
  },
  {
    what: 'another client got it',
    given: calm().delivered(1.1, 1, 0, 0, 100).opened(0.5, 2).delivered(1.1, 2, 0, 0, 40)
      .delivered(1.2, 2, 0, 43, 57).closed(20.5, 2, 'client'),
    rule: 'skip',
    count: 3,
  },
  {
    what: 'the tail never came',
    given: calm().delivered(1.1, 1, 0, 0, 90),
    rule: 'lost',
    count: 10,
  },
  {
    what: 'the tail never came although it was committed',
    given: calm().delivered(1.1, 1, 0, 0, 90).lagtruth(19, { 0: [0, 100, 100, true] }),
    rule: 'lost',
    count: 10,
  },
  {
    what: 'came twice live',
    given: calm().delivered(1.1, 1, 0, 0, 100).delivered(1.2, 1, 0, 98, 2),
    rule: 'duplicate',
    count: 2,
  },
  {
    what: 'went backwards',
    given: calm().delivered(1.1, 1, 0, 0, 50).delivered(1.2, 1, 0, 60, 40)
      .delivered(1.3, 1, 0, 50, 10),
    rule: 'nonmonotonic',
    count: 10,
  },
  {
    what: 'replayed and again live',
    given: calm().sent(0.6, 1, 'resume:earliest').delivered(1.1, 1, 0, 0, 60, { path: 'replay' })
      .delivered(1.2, 1, 0, 55, 45),
    rule: 'seam-duplicate',
    count: 5,
  },
  {
    what: 'fell between replay and live',
    given: calm().delivered(1.1, 1, 0, 0, 100).opened(0.5, 2).sent(0.6, 2, 'resume:earliest')
      .delivered(1.1, 2, 0, 0, 60, { path: 'replay' }).delivered(1.2, 2, 0, 65, 35)
      .closed(20.5, 2, 'client'),
    rule: 'seam-skip',
    count: 5,
  },
  {
    what: 'an undeclared hole in the replay',
    given: calm().delivered(1.1, 1, 0, 0, 100).opened(0.5, 2).sent(0.6, 2, 'resume:earliest')
      .delivered(1.1, 2, 0, 0, 20, { path: 'replay' })
      .delivered(1.1, 2, 0, 30, 70, { path: 'replay' }).closed(20.5, 2, 'client'),
    rule: 'gap-hidden',
    count: 10,
  },
  {
    what: 'less declared than missed',
    given: lag(calm().opened(0.5, 2), 1.2, 2).delivered(1.1, 1, 0, 0, 100)
      .delivered(1.1, 2, 0, 0, 40).control(2, 2, { type: 'gap', count: 5 })
      .delivered(2.1, 2, 0, 60, 40).closed(20.5, 2, 'client'),
    rule: 'gap-hidden',
    count: 15,
  },
  {
    what: 'declared missing what had come',
    given: calm().delivered(1.1, 1, 0, 0, 100).control(2, 1, gap),
    rule: 'gap-false',
    count: 20,
  },
  {
    what: 'declared missing what never was',
    given: calm().delivered(1.1, 1, 0, 0, 100)
      .control(2, 1, { type: 'gap', partition: 0, firstOffset: '100', lastOffset: '101' }),
    rule: 'gap-false',
    count: 2,
  },
  {
    what: 'a malformed record reached a client',
    given: story().opened(0.5, 1).acked(1, 0, 0, 100, poison).phase('settle', 10, 20)
      .delivered(1.1, 1, 0, 0, 100),
    rule: 'malformed-leaked',
    count: 1,
  },
  {
    what: 'a malformed record took its batch',
    given: story().opened(0.5, 1).acked(1, 0, 0, 100, poison).phase('settle', 10, 20)
      .delivered(1.1, 1, 0, 0, 45).delivered(1.2, 1, 0, 56, 44),
    rule: 'malformed-took-neighbour',
    count: 10,
  },
  {
    what: 'other bytes than those produced',
    given: calm().delivered(1.1, 1, 0, 0, 100).seen(1.1, 0, 7, [12_345], [100]),
    rule: 'garbled',
    count: 1,
  },
  {
    what: 'a broken frame',
    given: calm().delivered(1.1, 1, 0, 0, 100)
      .add(['garbled', 2e6, 1, -1, '-1', 'record-without-cursor']),
    rule: 'garbled',
    count: 1,
  },
  {
    what: 'a record that was never produced',
    given: calm().delivered(1.1, 1, 0, 0, 101),
    rule: 'unexpected',
    count: 1,
  },
  {
    what: 'lost across a rebalance',
    given: calm()
      .lagtruth(0.9, { 0: [0, 0, 0, true] })
      .delivered(1.1, 1, 0, 0, 60)
      .broken(2, 4, { fault: 'rebalance' })
      .lagtruth(3, { 0: [0, 100, 60, false] })
      .delivered(4.5, 1, 0, 70, 30),
    rule: 'lost',
    count: 10,
  },
  {
    what: 'redelivered in a partition that did not move',
    given: calm()
      .lagtruth(0.9, { 0: [0, 0, 0, true] })
      .delivered(1.1, 1, 0, 0, 60)
      .broken(2, 4, { fault: 'rebalance' })
      .lagtruth(3, { 0: [0, 100, 40, true] })
      .delivered(4.5, 1, 0, 40, 60),
    rule: 'duplicate',
    count: 20,
  },
  {
    what: 'a resume from the cursor that left a hole',
    given: cut(calm(), 1.2).delivered(1.1, 1, 0, 0, 100).opened(0.5, 2).delivered(1.1, 2, 0, 0, 30)
      .closed(1.2, 2).opened(2, 2).sent(2, 2, 'resume:cursor')
      .delivered(2.1, 2, 0, 50, 50, { path: 'replay' }).closed(20.5, 2, 'client'),
    rule: 'gap-hidden',
    count: 20,
  },
].map((one) => Object.assign(one, { verdict: 'fail' as const }))

const unclear: Case[] = [
  { what: 'nothing produced', given: story().opened(0, 1), verdict: 'unknown', rule: 'no-records' },
  { what: 'nothing delivered', given: calm(), verdict: 'unknown', rule: 'no-deliveries' },
  {
    what: 'the relay had not taken the tail when the run ended',
    given: calm().delivered(1.1, 1, 0, 0, 90).lagtruth(19, { 0: [0, 100, 90, true] }),
    verdict: 'unknown',
    rule: 'unseen',
  },
  {
    what: 'a client that reads slowly is late, or deprived: unknown',
    given: calm().delivered(1.1, 1, 0, 0, 100).opened(0.5, 2).delivered(19.8, 2, 0, 0, 50)
      .closed(20.5, 2, 'client'),
    verdict: 'unknown',
    rule: 'unseen',
  },
  {
    what: 'the run ended before it settled',
    given: story().opened(0.5, 1).acked(1, 0, 0, 100).delivered(1.1, 1, 0, 0, 100),
    verdict: 'unknown',
    rule: 'not-settled',
  },
]

const cases: Case[] = [...good, ...bad, ...unclear]

describe('stream', () => {
  test('says of each case what its file says', async () => {
    const told = cases.map((one) =>
      describeStreamCase(one.what, stream.judge(one.given.history(), one.options ?? {})),
    )
    await expect(told.join('\n')).toMatchFileSnapshot('expected-verdicts/stream.txt')
  })
  test.each(cases)('$what: $verdict by $rule', (one) => {
    const judged = stream.judge(one.given.history(), one.options ?? {})
    expect([judged.verdict, judged.rule]).toEqual([one.verdict, one.rule])
    if (one.count === undefined) return
    expect(judged.anomalies?.map(({ kind, count }) => ({ kind, count }))).toEqual([
      { kind: one.rule, count: one.count },
    ])
    expect(judged.detectedAt).toBeGreaterThan(0)
  })
})

describe('a pass says how much it is worth', () => {
  const saysOf = (given: Story) => stream.judge(given.history(), {}).why

  test('where every record reached a client', () => {
    expect(saysOf(calm().delivered(1.1, 1, 0, 0, 100))).toBe(
      'All 100 records are accounted for at every client (100 deliveries).',
    )
  })

  test('where records reached no client, because none was connected any more', () => {
    const left = story().opened(0.5, 1).acked(1, 0, 0, 100).delivered(1.1, 1, 0, 0, 100)
      .closed(2, 1, 'client').acked(3, 0, 100, 40).phase('settle', 10, 20)
    expect(saysOf(left)).toBe(
      'All 140 records are accounted for at every client ' +
        '(100 deliveries; 40 records reached no client).',
    )
  })
})
