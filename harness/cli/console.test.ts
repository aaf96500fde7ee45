/** What people see: one line kept current on a terminal, whole lines in a log. */
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import type { Progress } from '../conductor/progress.ts'
import { openConsole } from './console.ts'

function open(isTerminal: boolean, columns = 80) {
  const written: string[] = []
  const clock = new ManualClock()
  const screen = { write: (text: string) => void written.push(text), isTerminal, columns }
  return { clock, shown: openConsole(clock, screen), written, all: () => written.join('') }
}

const phase: Progress = { at: 'phase', name: 'trouble', ms: 6_000, leftMs: 20_000 }
const counts: Progress = { at: 'counts', acked: 12_345, deliveries: 67_890, clients: 7 }

describe('in a log', () => {
  test('every step is a line, without colours, and counts are not told', () => {
    const { shown, all } = open(false)
    shown.report({ at: 'scenario', name: 'small', claim: 'It is.', index: 1, of: 2 })
    shown.report(phase)
    shown.report(counts)
    shown.report({ at: 'fault', says: 'redis is cut', step: 'bites' })
    shown.close()
    expect(all()).toBe(
      '\n[1/2] small\n      It is.\n      · trouble (6.0 s)\n      bites:  redis is cut\n',
    )
  })

  test('one cause is told once, with what to do about it', () => {
    const { shown, all } = open(false)
    const told = { at: 'verdict', scenario: 's', verdict: 'unknown', why: 'No Kafka.' } as const
    shown.report({ at: 'scenario', name: 'small', claim: 'It is.', index: 1, of: 2 })
    shown.report({ ...told, finding: 'M-1', fix: 'run it again' })
    shown.report({ ...told, finding: 'stream', fix: 'run it again' })
    shown.report({ ...told, finding: 'M-2', verdict: 'fail' })
    shown.report({ at: 'scenario', name: 'other', claim: 'It is.', index: 2, of: 2 })
    shown.report({ ...told, finding: 'M-3' })
    expect(all().match(/.*(?:M-|stream|fix).*/g)?.map((line) => line.trim())).toEqual([
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

describe('on a terminal', () => {
  test('the line at the bottom tells what is left, and is taken away at the end', () => {
    const { shown, written, clock } = open(true)
    shown.report(phase)
    shown.report(counts)
    clock.advance(2_000)
    expect(written.at(-1)).toContain('trouble · 4.0 s here, 18 s in all · 12,345 produced')
    clock.advance(10_000)
    expect(written.at(-1)).toContain('0.0 s here')
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
