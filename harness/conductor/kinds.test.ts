/** A kind that stops the relay leaves no other kind unjudged. */
import { describe, expect, test } from 'vitest'
import { scenarios } from '../../scenarios/index.ts'
import type { Judgement } from '../checkers/checker.ts'
import type { RunVerdict } from '../judge/judge.ts'
import type { RunRecord } from '../judge/record.ts'
import { allMalformedKinds } from '../records/malformed.ts'
import { timingOf } from '../targets/environment.ts'
import { partsLeft, withKinds } from './kinds.ts'
import { planOf } from './plan.ts'
import type { SuiteItem } from './suite-order.ts'

const whole = scenarios['malformed-records-are-contained']
const plan = (scenario: typeof whole) => planOf(scenario, timingOf({}, { told: {} }))
const sentBy = (scenario: typeof whole) =>
  plan(scenario).phases.flatMap(({ stimuli }) => stimuli)

describe('with some kinds only', () => {
  test('the others are neither sent nor expected', () => {
    const few = withKinds(whole, ['garbage', 'big-integers'])
    expect(sentBy(few)).toEqual([
      { stimulus: 'malformed', kinds: ['big-integers', 'garbage'], each: 10 },
    ])
    const findings = plan(few).expectations.map(({ finding }) => finding)
    expect(findings).toEqual(['own-1', 'own-1', 'M-741', 'own-4', 'stream'])
    const [relay] = plan(few).expectations
    const exceptKinds = allMalformedKinds.filter(
      (kind) => kind !== 'garbage' && kind !== 'big-integers',
    )
    expect(relay?.expectation).toMatchObject({ judges: 'relay', exceptKinds })
  })
})

function played(item: SuiteItem, stoppedAt: string) {
  const judgement: Judgement = {
    verdict: 'fail',
    rule: 'stopped-at',
    why: 'It stopped.',
    exercised: 1,
    evidence: { stoppedAt },
  }
  const { phases, expectations } = plan(item.scenario)
  const [first] = expectations
  const verdict = { expectations: [{ ...first, judgement }] } as unknown as RunVerdict
  return { item, record: { phases } as unknown as RunRecord, verdict }
}

describe('after a kind stopped the relay', () => {
  const item: SuiteItem = {
    scenario: whole,
    target: { kind: 'command', command: 'relay' },
    reproduce: `chaos run ${whole.name}`,
  }
  const but = (...kinds: string[]) => allMalformedKinds.filter((kind) => !kinds.includes(kind))
  const kindsSent = (one: SuiteItem | undefined) =>
    one && sentBy(one.scenario).map((stimulus) => 'kinds' in stimulus && stimulus.kinds)

  test('all others are played on a fresh relay, and again if another one stops it', () => {
    const [rest, alone] = partsLeft(played(item, 'long-thread'))
    expect(alone?.scenario.name).toBe('malformed-records-are-contained+with-long-thread')
    expect(alone?.reproduce).toBe('chaos run malformed-records-are-contained --kinds long-thread')
    expect(kindsSent(alone)).toEqual([['long-thread']])
    expect(partsLeft(played(alone as SuiteItem, 'long-thread'))).toEqual([])
    expect(rest?.scenario.name).toBe('malformed-records-are-contained+without-long-thread')
    const words = 'chaos run malformed-records-are-contained --kinds all,-long-thread'
    expect(rest?.reproduce).toBe(words)
    expect(kindsSent(rest)).toEqual([but('long-thread')])
    const [last] = partsLeft(played(rest as SuiteItem, 'garbage'))
    expect(last?.scenario.name).toBe('malformed-records-are-contained+without-garbage+long-thread')
    expect(last?.reproduce).toMatch(/ --kinds all,-garbage,-long-thread$/)
    expect(kindsSent(last)).toEqual([but('garbage', 'long-thread')])
  })

  test('of several suspects each is played alone', () => {
    const parts = partsLeft(played(item, 'garbage, long-thread'))
    expect(parts.map(kindsSent)).toEqual([
      [but('garbage', 'long-thread')],
      [['garbage']],
      [['long-thread']],
    ])
  })

  test('a relay that is not ours to start is left as it is', () => {
    const url: SuiteItem = { ...item, target: { kind: 'url', url: 'http://h:1' } }
    expect(partsLeft(played(url, 'garbage'))).toEqual([])
    expect(partsLeft(played(item, ''))).toEqual([])
  })
})
