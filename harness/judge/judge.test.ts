import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkers, expectationSchema, type Expectation } from '../checkers/registry.ts'
import { historyOf } from '../history/history.ts'
import { story, type Story } from '../history/story-testbed.ts'
import { judge, worst } from './judge.ts'
import { readRecord, recordFile, writeRecord, type RunRecord } from './record.ts'
import { recordWith } from './record-testbed.ts'

const record = (more: Partial<RunRecord> = {}): RunRecord =>
  recordWith({
    scenario: { name: 'memory-stays-bounded', claim: 'It does.' },
    expectations: [{ finding: 'own-1', expectation: { check: 'exercised', recordsMin: 10 } }],
    settings: { sendTimeoutMs: 2_000 },
    versions: { kafka: '4.1.1' },
    machine: { cpus: 2 },
    tookMs: 20_000,
    reproduce: 'chaos run memory-stays-bounded --seed abc',
    ...more,
  })

/** A run in which all is well. */
const calm = (): Story =>
  story()
    .process(0, 'start')
    .opened(0.5, 1)
    .phase('steady', 0.5, 2)
    .acked(1, 0, 0, 100)
    .delivered(1.1, 1, 0, 0, 100)
    .phase('settle', 10, 20)
    .closed(20.5, 1, 'client')

const planned = (recordsPerSecond: number, faults: { fault: string }[] = []) => ({
  phases: [
    { name: 'load', ms: 1_000, load: { recordsPerSecond, payloadBytes: 1 }, faults, stimuli: [] },
  ],
})
/** Its hundred records are sent at 1 s. */
const loaded = (begin: number) => calm().phase('load', begin, begin + 2)
const bursting = (records: number) => ({
  phases: planned(0).phases.map((one) => ({ ...one, stimuli: [{ stimulus: 'burst', records }] })),
})
const expecting = (...expectations: Expectation[]) => ({
  expectations: expectations.map((expectation) => ({ finding: 'own-1', expectation })),
})
const tooMuch = expecting({ check: 'exercised', recordsMin: 1_000 })
/** The tail never came: a proven failure of the stream. */
const lossy = () =>
  story().opened(0.5, 1).phase('steady', 0.5, 2).acked(1, 0, 0, 100).delivered(1.1, 1, 0, 0, 90)
    .process(0, 'start').phase('settle', 10, 20).closed(20.5, 1, 'client')

describe('judge', () => {
  test('passes a run in which all is well, and adds what every run must hold', () => {
    const verdict = judge(calm().history(), record())
    expect(verdict).toMatchObject({ verdict: 'pass', caveats: [] })
    expect(verdict.findings.map(({ finding, verdict: one }) => [finding, one])).toEqual([
      ['own-1', 'pass'],
      ['stream', 'pass'],
    ])
    expect(verdict.expectations.map(({ expectation }) => expectation.check)).toEqual([
      'exercised',
      'stream',
      'stays-alive',
    ])
  })

  test('does not judge its own client behind a relay of others', () => {
    const options = { judges: 'client', group: 'readers', kinds: ['tombstone'] } as const
    const given = expecting({ check: 'malformed-accounted', ...options })
    const findingsOf = (kind: 'reference' | 'command') => {
      const target = { kind, says: 'a relay', ...(kind === 'command' && { command: 'relay' }) }
      return judge(calm().history(), record({ ...given, target })).findings[0]
    }
    expect(findingsOf('reference')).toMatchObject({ verdict: 'unknown', rule: 'none-sent' })
    expect(findingsOf('command')).toMatchObject({
      verdict: 'not-applicable',
      rule: 'client-not-under-test',
    })
  })

  test('does not judge the stream twice when the record names it', () => {
    const stream: Expectation = { check: 'stream', haltsAtPoison: true }
    const given = record({ expectations: [{ finding: 'stream', expectation: stream }] })
    const { expectations } = judge(calm().history(), given)
    expect(expectations.map(({ expectation }) => expectation)).toEqual([
      stream,
      { check: 'stays-alive' },
    ])
  })

  test('a failure outweighs what is unknown', () => {
    const verdict = judge(lossy().history(), record(tooMuch))
    expect(verdict.verdict).toBe('fail')
    expect(verdict.findings).toMatchObject([
      { finding: 'own-1', verdict: 'unknown', rule: 'too-little' },
      { finding: 'stream', verdict: 'fail', rule: 'lost' },
    ])
  })

  test('a checker that throws is unknown', () => {
    const broken = { ...calm().history(), stream: () => assertNever() }
    const { findings } = judge({ ...broken, stream: once(broken.stream, calm()) }, record())
    expect(findings[0]).toMatchObject({ verdict: 'unknown', rule: 'checker-threw' })
  })

  test('reports how long after the first danger a failure was visible', () => {
    const told = lossy().broken(3, 5, { fault: 'cut', hop: 'kafka' })
    const { expectations } = judge(told.history(), record())
    const stream = expectations.find(({ expectation }) => expectation.check === 'stream')
    expect(stream?.detectedAfterMs).toBe(17_500)
  })
})

interface Doubtful {
  readonly what: string
  readonly given: Story
  readonly rule: string
  readonly more?: Partial<RunRecord>
}
const fault = { fault: 'cut', hop: 'kafka' }
const injected = () => calm().fault(3, 'a', 'inject', fault)

/** Reasons not to believe a pass, though every checker passes. */
const doubtful: Doubtful[] = [
  {
    what: 'ineffective',
    rule: 'ineffective-fault',
    given: injected().fault(4, 'a', 'ineffective').fault(5, 'a', 'heal'),
  },
  { what: 'never measured', rule: 'ineffective-fault', given: injected().fault(5, 'a', 'heal') },
  {
    what: 'not injected',
    rule: 'not-injected',
    given: injected().fault(4, 'a', 'failed', { why: 'x' }),
  },
  { what: 'not healed', rule: 'not-healed', given: injected().fault(4, 'a', 'active') },
  { what: 'no danger', rule: 'no-danger', given: calm(), more: planned(10, [{ fault: 'cut' }]) },
  { what: 'trouble', rule: 'trouble', given: calm().trouble(5, 'pages', 'GET /version: timeout') },
  { what: 'too little load', rule: 'load-not-reached', given: loaded(0), more: planned(1_000) },
  { what: 'half a burst', rule: 'load-not-reached', given: loaded(0), more: bursting(200) },
  { what: 'load before it', rule: 'load-not-reached', given: loaded(3), more: planned(100) },
  {
    what: 'the producer dropped',
    rule: 'producer-limited',
    given: calm().add({ kind: 'dropped', t: 5e6, count: 50, why: 'queue full' }),
  },
  { what: 'no expectation', rule: 'nothing-expected', given: calm(), more: { expectations: [] } },
  {
    what: 'no word on what the scenario lets the stream do',
    rule: 'nothing-expected',
    given: lossy(),
    more: { expectations: [] },
  },
  { what: 'cut short', rule: 'incomplete', given: calm(), more: { isComplete: false } },
  {
    what: 'never steady',
    rule: 'not-steady',
    given: story().opened(0.5, 1).acked(1, 0, 0, 100).delivered(1.1, 1, 0, 0, 100),
    more: planned(10),
  },
]

describe('honesty', () => {
  test.each(doubtful)('$what: unknown by $rule', ({ given, rule, more }) => {
    const { verdict, findings } = judge(given.history(), record(more))
    expect(verdict).toBe('unknown')
    expect(findings[0]).toMatchObject({ verdict: 'unknown', rule })
  })

  test('a rebalance that did not come leaves open only what is judged in its phase', () => {
    const told = calm().phase('held', 3, 5).phase('later', 6, 9)
    told.fault(3, 'held/0-rebalance', 'inject', { fault: 'rebalance' })
    told.fault(4, 'held/0-rebalance', 'failed', { why: 'refused' })
    for (const t of [4.5, 8]) told.lagtruth(t, { 0: [0, 100, 100, true] })
    const [one] = planned(0).phases
    const phases = ['held', 'later'].map((name) => ({ ...one!, name }))
    const inPhase = (name: string) => {
      const expectation = { check: 'commits-next-offset', phase: name } as const
      return judge(
        told.history(),
        record({ phases, expectations: [{ finding: 'own-1', expectation }] }),
      ).findings[0]
    }
    expect(inPhase('held')).toMatchObject({ verdict: 'unknown', rule: 'not-injected' })
    expect(inPhase('later')).toMatchObject({ verdict: 'pass' })
  })

  test('a weak run does not hide a proven failure', () => {
    const told = lossy().trouble(5, 'pages', 'no answer').fault(3, 'a', 'inject', fault)
    told.fault(4, 'a', 'ineffective').fault(5, 'a', 'heal')
    expect(judge(told.history(), record()).verdict).toBe('fail')
  })

  test('a history that cannot be read proves nothing, not even a failure', () => {
    const events = [...lossy().events, ['nonsense', 1] as never]
    const { verdict, findings } = judge(historyOf(events), record())
    expect([verdict, findings[0]?.rule]).toEqual(['unknown', 'history-damaged'])
  })

  test('a fault that could not be healed proves nothing, not even a failure', () => {
    const told = lossy().fault(3, 'a', 'inject', fault).fault(4, 'a', 'active')
    expect(judge(told.history(), record()).verdict).toBe('unknown')
  })

  test('no data is unknown', () => {
    const { verdict, findings } = judge(story().phase('steady', 0, 1).history(), record())
    expect(verdict).toBe('unknown')
    expect(findings.map((one) => one.verdict)).toEqual(['unknown', 'unknown'])
  })
})

const lateClose: Expectation = {
  check: 'closed-in-time', group: 'readers', phase: 'broken', limitMs: 100, path: 'silence',
}

/** A failure that rests on times. */
const closedLate = () => {
  const late = story().process(0, 'start').opened(0.5, 1).phase('steady', 0.5, 2)
  late.acked(1, 0, 0, 100).delivered(1.1, 1, 0, 0, 100).phase('broken', 3, 20)
  return late.stalled(3, 1, true).closed(15, 1).phase('settle', 20, 21)
}
const timed = record(expecting(lateClose))

describe("a failure of the harness is not the target's", () => {
  const server = 'Redis, a server of the harness, ended (SIGKILL). Its last words: "bye".'
  const strained = (given: Story, loopDelayMs: number, missed = 0) =>
    given.add(['strain', 3e6, missed > 0 ? 'health' : 'fleet', loopDelayMs, missed, 0])

  test('a server of ours that died: nothing is proven, and it is named', () => {
    const told = lossy().trouble(3, 'server-died', server)
    const { findings, caveats } = judge(told.history(), record())
    expect(findings.map(({ verdict, rule }) => [verdict, rule])).toEqual([
      ['unknown', 'server-died'],
      ['unknown', 'server-died'],
    ])
    expect(findings[1]?.why).toContain('Its last words: "bye". This was 3.0 s into the run.')
    expect(findings[1]?.fix).toMatch(/log/)
    expect(caveats.map(({ rule }) => rule)).toEqual(['server-died'])
  })

  test('a fleet that stood still: no pass, no failure that rests on times, and any other', () => {
    expect(judge(strained(calm(), 2_500).history(), record()).findings[0]).toMatchObject({
      verdict: 'unknown',
      rule: 'strained',
      why: expect.stringMatching(/fleet of the harness was paused for 2\.5 s/) as string,
    })
    expect(judge(strained(calm(), 1_500).history(), record()).verdict).toBe('pass')
    expect(judge(strained(lossy(), 2_500).history(), record()).verdict).toBe('fail')
    const [own] = judge(closedLate().history(), timed).findings
    expect(own).toMatchObject({ verdict: 'fail' })
    const [doubted] = judge(strained(closedLate(), 2_500).history(), timed).findings
    expect(doubted).toMatchObject({ verdict: 'unknown', rule: 'strained' })
  })

  describe('a target that waits for a processor', () => {
    /** Seconds that it waits and runs in each second between 5 s and 13 s. */
    const starved = (given: Story, waits: number, runs: number) => {
      for (let t = 0; t <= 8; t += 0.5) {
        given.add(['memory', (t + 5) * 1e6, 'relay', 1, t * runs * 1e6, t * waits * 1e6])
      }
      return given
    }
    const first = (given: Story, told = timed) => judge(given.history(), told).findings[0]

    test('is not late through itself', () => {
      expect(first(starved(closedLate(), 0.875, 0.125))).toMatchObject({
        verdict: 'unknown',
        rule: 'starved',
        why:
          'The target waited for a CPU for 88 % of the time (limit 80 % in any 5 s), ' +
          '5.0 s into the run: other processes delayed it.',
      })
    })
    test('a little', () => {
      expect(first(starved(closedLate(), 0.7, 0.3))).toMatchObject({ verdict: 'fail' })
    })
    test('behind threads of its own', () => {
      expect(first(starved(closedLate(), 3, 1.5))).toMatchObject({ verdict: 'fail' })
    })
    test('and passes all the same', () => {
      expect(first(starved(calm(), 0.9, 0.1), record())).toMatchObject({ verdict: 'pass' })
    })
    test('and loses records: that is no matter of time', () => {
      expect(judge(starved(lossy(), 0.9, 0.1).history(), record()).verdict).toBe('fail')
    })
    test('a restart begins to count again from 0', () => {
      const again = closedLate().add(['memory', 4e6, 'relay', 1, 0, 90e6])
      expect(first(starved(again, 0.3, 0.3))).toMatchObject({ verdict: 'fail' })
    })
  })

  test('samples that were left out', () => {
    const told = calm()
    for (let t = 3; t < 9; t += 0.5) told.health(t, { status: 'healthy' })
    expect(judge(strained(told, 300, 2).history(), record()).verdict).toBe('pass')
    expect(judge(strained(told, 300, 2).history(), record()).findings[0]).toMatchObject({
      verdict: 'unknown',
      rule: 'strained',
    })
  })

  test('a sampler of the truth that failed: no failure that rests on it', () => {
    const told = () =>
      calm().lagtruth(15, { 0: [0, 100, 40, true] }).lagtruth(19, { 0: [0, 100, 40, true] })
    const commits = { check: 'commits-next-offset', phase: 'settle' } as const
    const expected = { ...commits, commitIntervalMs: 500 } as const
    const judged = (given: Story) => judge(given.history(), record(expecting(expected)))
    expect(judged(told()).findings[0]).toMatchObject({ verdict: 'fail' })
    expect(judged(told().trouble(12, 'lag-truth', 'took too long')).findings[0]).toMatchObject({
      verdict: 'unknown',
      rule: 'lag-truth-incomplete',
    })
  })
})

test('the worst verdict decides, and none is unknown', () => {
  expect(worst(['pass', 'unknown', 'fail'])).toBe('fail')
  expect(worst(['pass', 'unknown'])).toBe('unknown')
  expect(worst(['pass', 'pass'])).toBe('pass')
  expect(worst([])).toBe('unknown')
})

describe('the record', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'record-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('is read as it was written', () => {
    const given = record({ ...planned(10, [{ fault: 'cut' }]), ...tooMuch })
    writeRecord(folder, given)
    expect(readRecord(folder)).toEqual(given)
  })

  test.each([
    ['no JSON', '{', /must be JSON/],
    ['another version', JSON.stringify({ ...record(), schemaVersion: 2 }), /schemaVersion/],
    ['an unknown key', JSON.stringify({ ...record(), extra: 1 }), /extra/],
    [
      'an unknown checker',
      JSON.stringify(record(expecting({ check: 'nobody' } as never))),
      /expectation/,
    ],
    [
      'a misspelt option',
      JSON.stringify(
        record(expecting({ check: 'clients-catch-up', groups: ['a'], limit: 1 } as never)),
      ),
      /clients-catch-up/,
    ],
  ])('that is not one says so: %s', (_, text, message) => {
    writeFileSync(join(folder, recordFile), text)
    expect(() => readRecord(folder)).toThrow(message)
  })

  test('that is not there says so', () => {
    expect(() => readRecord(join(folder, 'nowhere'))).toThrow(/run\.json/)
  })
})

test('every checker refuses options that it does not know', () => {
  for (const check of Object.keys(checkers)) {
    const parsed = expectationSchema.safeParse({ check, nonsense: 1 })
    expect({ check, isTaken: parsed.success }).toEqual({ check, isTaken: false })
  }
})

function assertNever(): never {
  throw new Error('the first one throws')
}

/** Throws for the first checker only. */
function once<T>(first: () => T, then: Story): () => T {
  let calls = 0
  const whole = then.history()
  return () => {
    calls += 1
    return calls === 1 ? first() : (whole.stream() as T)
  }
}
