/** What many clients ask at once: to wait for the same thing costs them together one wait. */
import { expect, test } from 'vitest'
import { parseClientFrame } from '../../proto/control.ts'
import { Ledger } from '../limits/ledger.ts'
import { createMetrics } from '../metrics/metrics.ts'
import { judgeResume } from '../replay/resume.ts'
import { Requests, type RequestsWiring } from './requests.ts'
import type { Session } from './session.ts'
import { parseSettings } from '../tables/settings-parse.ts'
import { ManualClock, settled } from '../world/manual-clock-testbed.ts'

function bench() {
  const parsed = parseSettings({})
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const ledger = new Ledger(parsed.settings)
  const clock = new ManualClock()
  const refused: string[] = []
  const next = undefined as Map<number, bigint> | undefined
  const end = undefined as bigint | undefined
  const answeredMs = -Infinity
  const seen = { looks: 0, asked: 0, replays: 0, next, end, answeredMs, questions: 0 }
  const replayStore = { epoch: 'e', partitions: async () => ({ found: [] }) }
  const replayGate = { pass: (chunks: AsyncIterable<Buffer>) => chunks }
  const wiring = {
    settings: parsed.settings,
    ledger,
    metrics: createMetrics(false),
    world: { clock, logger: {} },
    parts: { replayStore, replayGate, resumes: { parse: judgeResume } },
  } as unknown as RequestsWiring
  const requests = new Requests(wiring, {
    positions: () => new Map(),
    nextOffsets() {
      seen.looks += 1
      return seen.next
    },
    logEnd(): bigint | undefined {
      seen.asked += 1
      return seen.end
    },
    hasAskedEnds(sinceMs) {
      if (seen.answeredMs >= sinceMs) return true
      seen.questions += 1
      return false
    },
  })
  const outlet = {
    placeFence: () => new Map(),
    replay: async () => void (seen.replays += 1),
    unfence: () => undefined,
  }
  const visitor = { address: '', mayAdminister: true }
  const refuse = (code: string) => void refused.push(code)
  const session = { isOver: false, fence: () => true, outlet, refuse, visitor }
  const resume = (more = '"from":"latest"') => {
    const text = `{"type":"resume",${more}}`
    requests.resume(session as unknown as Session, parseClientFrame(text), text)
  }
  return { clock, ledger, refused, resume, seen }
}

test('until it is known where reading begins, all who resume look for it together', async () => {
  const { clock, resume, seen } = bench()
  for (let client = 0; client < 500; client += 1) resume()
  await clock.pass(1_000, 10)
  expect(seen).toMatchObject({ replays: 0 })
  expect(seen.looks).toBeLessThanOrEqual(500 + 100)
  seen.next = new Map([[0, 5n]])
  await clock.pass(20, 10)
  expect(seen.replays).toBe(500)
})

test('who has more than was read here waits, also while no log end is known', async () => {
  const { clock, resume, seen } = bench()
  seen.next = new Map([[2, 716n]])
  resume('"lastOffsetsByPartition":{"2":"747"}')
  await clock.pass(1_000, 10)
  expect(seen.replays).toBe(0)
  seen.next = new Map([[2, 748n]])
  await clock.pass(20, 10)
  expect(seen.replays).toBe(1)
})

test('who has more than the log had at the last look waits for another look', async () => {
  const { clock, resume, seen } = bench()
  seen.next = new Map([[2, 717n]])
  seen.end = 700n
  resume('"lastOffsetsByPartition":{"2":"747"}')
  await clock.pass(1_000, 10)
  expect(seen.replays).toBe(0)
  expect(seen.questions).toBeGreaterThan(0)
  seen.end = 750n
  seen.answeredMs = clock.nowMs()
  await clock.pass(1_000, 10)
  expect(seen.replays).toBe(0)
  seen.next = new Map([[2, 750n]])
  await clock.pass(20, 10)
  expect(seen.replays).toBe(1)
})

test('who has more than the log is told so, once Kafka has answered or failed', async () => {
  const { clock, resume, seen } = bench()
  seen.next = new Map([[2, 717n]])
  seen.end = 700n
  resume('"lastOffsetsByPartition":{"2":"747"}')
  await clock.pass(100, 10)
  expect(seen.replays).toBe(0)
  seen.answeredMs = clock.nowMs()
  await clock.pass(20, 10)
  expect(seen.replays).toBe(1)
  seen.questions = 0
  resume('"lastOffsetsByPartition":{"2":"716"}')
  await clock.pass(20, 10)
  expect([seen.replays, seen.questions]).toEqual([2, 0])
})

test('what waits for a replay is paid for by its size, until that is spent', async () => {
  const { clock, ledger, refused, resume, seen } = bench()
  const share = ledger.share('replay_requests')
  const threads = Array.from({ length: 10_000 }, (_, at) => `"${at}${'x'.repeat(90)}":"1"`)
  const large = `"lastSequencesByThread":{${threads.join(',')}}`
  while (refused.length === 0) resume(large)
  expect(refused).toEqual(['REPLAY_BUSY'])
  expect(share.usedBytes).toBeLessThanOrEqual(share.limitBytes)
  expect(share.usedBytes).toBeGreaterThan(2 * 10_000 * 90)
  seen.next = new Map()
  await clock.pass(20, 10)
  expect([share.usedBytes, seen.replays > 0]).toEqual([0, true])
})

test('very many who wait are gone round in slices, and wait no longer than they may', async () => {
  const { clock, resume, seen } = bench()
  seen.next = new Map([[2, 1n]])
  for (let client = 0; client < 2_000; client += 1) resume('"lastOffsetsByPartition":{"2":"9"}')
  // From now on each look at the time takes a millisecond.
  const nowMs = clock.nowMs.bind(clock)
  let busyMs = 0
  clock.nowMs = () => nowMs() + (busyMs += 1)
  seen.asked = 0
  const perTurn: number[] = []
  clock.advance(10)
  perTurn.push(seen.asked)
  for (let turn = 0; turn < 2_500; turn += 1) {
    const before = seen.asked
    await settled()
    perTurn.push(seen.asked - before)
  }
  expect(seen.asked).toBeGreaterThanOrEqual(2_000)
  expect(Math.max(...perTurn)).toBeLessThan(200)
})
