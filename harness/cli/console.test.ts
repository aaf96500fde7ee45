/** What people see: one line kept current on a terminal, whole lines in a log. */
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import type { Progress } from '../conductor/progress.ts'
import type { Verdict } from '../checkers/checker.ts'
import { openConsole, type Detail } from './console.ts'

function open(isTerminal: boolean, columns = 120, detail: Detail = 'all', hasColours = false) {
  const written: string[] = []
  const clock = new ManualClock()
  const write = (text: string) => void written.push(text)
  const screen = { write, isTerminal, hasColours, columns }
  return { clock, shown: openConsole(clock, screen, detail), written, all: () => written.join('') }
}

const scenario = (name: string, index = 1, leftMs = 130_000): Progress => ({
  at: 'scenario', name, claim: 'It is.', index, of: 2, leftMs,
})
const verdict = (found: Verdict, finding: string, why = 'So.'): Progress => ({
  at: 'verdict', scenario: 'small', finding, verdict: found, why,
})

const phase: Progress = { at: 'phase', name: 'trouble', ms: 6_000, leftMs: 20_000 }
const counts: Progress = { at: 'counts', acked: 12_345, deliveries: 67_890, clients: 7 }

describe('in a log', () => {
  test('every step is a line, without colours and without counts', () => {
    const { shown, all } = open(false)
    shown.report(scenario('small'))
    shown.report(phase)
    shown.report(counts)
    shown.report({ at: 'fault', says: 'redis is cut', step: 'active' })
    shown.close()
    expect(all()).toBe(
      '\n[1/2] small · about 2 min left\n      It is.\n' +
        '      · trouble (6.0 s)\n      active: redis is cut\n',
    )
  })

  test('one cause is printed once, with its fix', () => {
    const { shown, all } = open(false)
    const told = { at: 'verdict', scenario: 's', verdict: 'unknown', why: 'No Kafka.' } as const
    shown.report(scenario('small'))
    shown.report({ ...told, finding: 'M-1', fix: 'run it again' })
    shown.report({ ...told, finding: 'stream', fix: 'run it again' })
    shown.report({ ...told, finding: 'M-2', verdict: 'fail' })
    shown.report(scenario('other', 2))
    shown.report({ ...told, finding: 'M-3' })
    expect(all().match(/^ .*(?:M-|stream|fix).*/gm)?.map((line) => line.trim())).toEqual([
      'UNKNOWN M-1      No Kafka.',
      'fix: run it again',
      'UNKNOWN stream   as M-1',
      'FAIL    M-2      No Kafka.',
      'UNKNOWN M-3      No Kafka.',
    ])
  })

  test('a target’s words cannot steer the terminal that shows the log', () => {
    const { shown, all } = open(false)
    const why = 'GET /health: \u001b]0;owned\u0007\r\u009b2J'
    const told = { scenario: 's', finding: 'M-1', verdict: 'fail', why } as const
    shown.report({ at: 'verdict', ...told })
    shown.report({ at: 'step', says: why })
    shown.report({ at: 'fault', says: why, step: 'failed' })
    // oxlint-disable-next-line no-control-regex -- those are the characters meant
    expect(all()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })
})

test('what failed so far stands at the head of every scenario after it', () => {
  const { shown, all } = open(false)
  shown.report(scenario('small'))
  shown.report(verdict('fail', 'M-1'))
  shown.report(verdict('unknown', 'M-2', 'Not so.'))
  shown.report(scenario('other', 2, 44_000))
  expect(all()).toContain('\n[2/2] other · about 45 s left · failed so far: M-1\n')
})

test('quiet prints verdicts other than pass, with their scenario, and nothing else', () => {
  const { shown, all } = open(true, 80, 'trouble')
  shown.line('ready')
  shown.report(scenario('small'))
  shown.report(phase)
  shown.report(counts)
  shown.report({ at: 'fault', says: 'redis is cut', step: 'active' })
  shown.report(verdict('pass', 'M-1'))
  shown.report(verdict('not-applicable', 'M-2'))
  shown.report(verdict('fail', 'M-3'))
  shown.close()
  expect(all().replaceAll('\r\u001b[2K', '')).toBe('FAIL    M-3      small: So.\n')
})

test('nothing is printed beside a JSON document', () => {
  const { shown, written } = open(true, 80, 'nothing')
  shown.line('ready')
  shown.report(scenario('small'))
  shown.report(verdict('fail', 'M-3'))
  shown.close()
  expect(written).toEqual([])
})

test('colours are for screens that have them', () => {
  const told = (hasColours: boolean) => {
    const { shown, all } = open(false, 80, 'all', hasColours)
    shown.report(verdict('fail', 'M-3'))
    return all()
  }
  expect(told(true)).toContain('\u001b[31mFAIL')
  expect(told(false)).not.toContain('\u001b')
})

describe('on a terminal', () => {
  test('the line at the bottom shows what is left, and is removed at the end', () => {
    const { shown, written, clock } = open(true)
    shown.report(scenario('small'))
    expect(written.at(-1)).toContain('[1/2] starting · all about 2 min left')
    shown.report(phase)
    shown.report(counts)
    clock.advance(2_000)
    const left = '[1/2] trouble 4.0 s · scenario 18 s, all about 2 min left · 12,345 produced'
    expect(written.at(-1)).toContain(left)
    shown.report(verdict('fail', 'M-1'))
    expect(written.at(-1)).toContain('left · 1 failed · 12,345')
    shown.report({ ...phase, leftMs: 6_000 })
    clock.advance(10_000)
    expect(written.at(-1)).toContain('settling and judging · all about 2 min left')
    shown.close()
    expect(written.at(-1)).toBe('\r\u001b[2K')
    const before = written.length
    clock.advance(5_000)
    expect(written.length).toBe(before)
  })

  test('a narrow window gets a line that fits, and whole lines go above it', () => {
    const { shown, written, clock } = open(true, 20)
    shown.report(phase)
    clock.advance(250)
    expect(written.at(-1)?.replace('\r\u001b[2K', '').length).toBeLessThan(20)
    shown.line('hello')
    expect(written.slice(-3)).toEqual([
      '\r\u001b[2K',
      'hello\n',
      expect.stringContaining('trouble'),
    ])
  })
})
