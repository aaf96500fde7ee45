/** The target's own words stand beside a failure, and only there; how it ended always does. */
import { describe, expect, test } from 'vitest'
import { story, type Story } from '../history/story-testbed.ts'
import { judge } from './judge.ts'
import type { RunRecord } from './record.ts'
import { testimonyOf } from './testimony.ts'

const log = (told: Story, at: number, ...lines: string[]) =>
  told.add(...lines.map((line, i) => {
    return { kind: 'log', t: at * 1e6 + i, role: 'relay', line } as const
  }))
const process = (
  told: Story,
  at: number,
  edge: 'signal' | 'exit',
  code: number | null,
  signal: string | null,
) => told.add({ kind: 'process', t: at * 1e6, role: 'relay', pid: 1, edge, code, signal })
const textsOf = (all: readonly { line: string }[]) => all.map(({ line }) => line)

/** A relay whose consumer panics at 3.6 s and says so once among much else. */
function panicking(): Story {
  const told = story().process(0, 'start')
  for (let at = 1; at < 30; at += 1) log(told, at, `INFO second ${at}`)
  return log(
    told,
    3.6,
    "thread 'tokio-runtime-worker' panicked at src/main.rs:236:17:",
    'byte index 236 is not a char boundary',
    'note: run with `RUST_BACKTRACE=1`',
    'INFO goes on',
  )
}

describe('lines', () => {
  test('a panic is found wherever it stands, with its message', () => {
    const { crash, before } = testimonyOf(panicking().history(), 'fail', 20e6)
    expect(textsOf(crash)).toEqual([
      "thread 'tokio-runtime-worker' panicked at src/main.rs:236:17:",
      'byte index 236 is not a char boundary',
      'note: run with `RUST_BACKTRACE=1`',
    ])
    expect(textsOf(before).at(-1)).toBe('INFO second 20')
    expect(before).toHaveLength(10)
  })

  test.each([
    'fatal runtime error: stack overflow',
    'panic: runtime error: index out of range',
    'Segmentation fault (SIGSEGV), core dumped',
    '    throw err; // Unhandled \'error\' event',
    'Uncaught Error: no',
    "relay: relay.c:12: main: Assertion `x' failed.",
    'Exception in thread "consumer" java.lang.IllegalStateException',
  ])('%s reports a crash', (line) => {
    expect(textsOf(testimonyOf(log(story(), 1, line).history(), 'fail', 2e6).crash)).toEqual([line])
  })

  const harmless = ['INFO panicle', 'level=info msg="assert ok"', 'no fatality']
  test.each(harmless)('%s does not', (line) => {
    expect(testimonyOf(log(story(), 1, line).history(), 'fail', 2e6).crash).toEqual([])
  })

  test('a target that panics often is reported in few lines', () => {
    const told = story()
    for (let at = 1; at < 300; at += 1) log(told, at, 'panic: again', 'why')
    expect(testimonyOf(told.history(), 'fail', 1e6).crash.length).toBeLessThanOrEqual(20)
  })

  test('a run that is right needs no words of the target', () => {
    expect(testimonyOf(panicking().history(), 'pass', undefined)).toEqual({
      ends: [], isEndOdd: false, crash: [], before: [],
    })
  })
})

describe('ends', () => {
  test.each([
    ['asked', () => process(process(story(), 20, 'signal', null, 'SIGTERM'), 20.3, 'exit', 0, null),
      /was sent SIGTERM at 20\.0 s and exited 0\.3 s later with code 0/, false],
    ['aborts', () =>
      process(process(story(), 20, 'signal', null, 'SIGTERM'), 20.3, 'exit', null, 'SIGABRT'),
      /0\.3 s later with SIGABRT/, true],
    ['by itself', () => process(story(), 3, 'exit', 101, null),
      /exited by itself at 3\.0 s with code 101/, true],
    ['killed by a fault', () =>
      process(process(story(), 20, 'signal', null, 'SIGKILL'), 20, 'exit', null, 'SIGKILL'),
      /was sent SIGKILL/, false],
    ['deaf', () => {
      const told = process(story(), 20, 'signal', null, 'SIGTERM')
      process(told, 35, 'signal', null, 'SIGKILL')
      return process(told, 35.1, 'exit', null, 'SIGKILL')
    }, /was sent SIGTERM, then SIGKILL at 20\.0 s and exited 15\.1 s later with SIGKILL/, true],
    ['behind a wrapper', () => process(story(), 3, 'exit', null, null), /by its wrapper/, true],
  ] as const)('%s', (_, told, says, isOdd) => {
    const { ends, isEndOdd } = testimonyOf(told().history(), 'pass', undefined)
    expect(ends).toHaveLength(1)
    expect(ends[0]).toMatch(says)
    expect(isEndOdd).toBe(isOdd)
  })
})

test('the judge lays it beside what failed', () => {
  const told = panicking().opened(0.5, 1).phase('steady', 0.5, 2).acked(1, 0, 0, 100)
  told.delivered(1.1, 1, 0, 0, 90).phase('settle', 30, 31).closed(31.5, 1, 'client')
  const verdict = judge(told.history(), {
    scenario: { name: 's', claim: 'c' }, phases: [], isComplete: true, machine: { cpus: 2 },
    expectations: [{ finding: 'stream', expectation: { check: 'stream' } }],
    target: { kind: 'reference', says: 'reference relay' },
  } as unknown as RunRecord)
  expect(verdict.verdict).toBe('fail')
  expect(textsOf(verdict.testimony.crash)[0]).toContain('panicked')
  expect(verdict.testimony.before.length).toBeGreaterThan(0)
})
