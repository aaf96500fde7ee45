/** The memory budget: what is taken is there, what is not there is waited for or refused. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shareNames, shareRows } from '../tables/memory-shares.ts'
import { parseSettings } from '../tables/settings-parse.ts'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { Ledger } from './ledger.ts'

const MiB = 1_048_576

/** A budget with a small share for pages. */
function budget(env: Readonly<Record<string, string>> = {}) {
  const parsed = parseSettings({ REPLAY_PAGES_BYTES: String(MiB), ...env })
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const ledger = new Ledger(parsed.settings)
  return { ledger, pages: ledger.share('replay_pages'), clock: new ManualClock() }
}
/** Asks, and notes the outcome when it is there. */
function asker({ pages, clock }: ReturnType<typeof budget>) {
  const outcomes: string[] = []
  const ask = (name: string, bytes: number, limitMs = 1_000) => {
    void pages.wait(bytes, clock, limitMs).then((isHad) => outcomes.push(`${name} ${isHad}`))
  }
  return { ask, outcomes }
}

describe('a share', () => {
  test('gives what it has, and refuses the rest', () => {
    const { pages } = budget()
    expect([pages.take(MiB - 1), pages.take(1), pages.take(1)]).toEqual([true, true, false])
    pages.give(1)
    expect([pages.take(1), pages.usedBytes, pages.refusals]).toEqual([true, MiB, 1])
  })

  test('lets a request above the limit pass when no bytes are in use', () => {
    const { pages } = budget()
    expect(pages.take(5 * MiB)).toBe(true)
    expect([pages.take(1), pages.excessBytes]).toEqual([false, 4 * MiB])
  })

  test('is granted in the order of requests, without overtaking', async () => {
    const it = budget()
    const { ask, outcomes } = asker(it)
    it.pages.take(MiB)
    ask('large', MiB / 2)
    ask('small', 1)
    it.pages.give(1)
    await it.clock.pass(5, 1)
    expect([outcomes, it.pages.take(1)]).toEqual([[], false])
    it.pages.give(MiB / 2)
    await it.clock.pass(5, 1)
    expect(outcomes).toEqual(['large true', 'small true'])
    expect(it.pages.usedBytes).toBe(MiB)
  })

  test('is not waited for longer than that, and then blocks no other request', async () => {
    const it = budget()
    const { ask, outcomes } = asker(it)
    it.pages.take(MiB - 1)
    ask('large', MiB, 500)
    ask('small', 1)
    await it.clock.pass(500)
    expect(outcomes.toSorted()).toEqual(['large false', 'small true'])
    expect([it.pages.usedBytes, it.pages.refusals]).toEqual([MiB, 1])
  })

  test('is never overdrawn, and nothing of it gets lost', async () => {
    const step = fc.record({ bytes: fc.integer({ min: 1, max: MiB }), isLate: fc.boolean() })
    const property = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { pages, clock } = budget()
      const held: number[] = []
      for (const { bytes, isLate } of steps) {
        void pages.wait(bytes, clock, 100).then((isHad) => isHad && held.push(bytes))
        await clock.pass(isLate ? 100 : 1)
        expect(pages.usedBytes).toBe(held.reduce((sum, one) => sum + one, 0))
        expect(pages.usedBytes).toBeLessThanOrEqual(MiB)
        if (isLate && held.length > 0) pages.give(held.shift()!)
      }
      await clock.pass(200)
      for (const bytes of held.splice(0)) pages.give(bytes)
      await clock.pass(0)
      expect(pages.usedBytes).toBe(0)
    })
    await fc.assert(property)
  })
})

describe('the whole', () => {
  test('is the sum of the shares unless it is set, and each has the limit of its setting', () => {
    const { ledger } = budget()
    const limits = [...ledger.byShare('limitBytes').values()]
    expect(ledger.limitBytes).toBe(limits.reduce((sum, one) => sum + one, 0))
    expect([...ledger.byShare('usedBytes').keys()]).toEqual(shareNames)
    expect(new Set(Object.values(shareRows).map(({ limit }) => limit)).size).toBe(limits.length)
  })

  test('refuses what a share would still give, and grants it when others give back', async () => {
    const whole = 512 * MiB
    const it = budget({ WEBSOCKET_MEMORY_BYTES: String(whole) })
    const { ask, outcomes } = asker(it)
    let ringBytes = whole - 100
    it.ledger.share('ring').from(() => ringBytes)
    it.pages.take(90)
    expect(it.pages.take(11)).toBe(false)
    ask('late', 11)
    ringBytes -= 1
    it.ledger.settle()
    await it.clock.pass(5, 1)
    expect(outcomes).toEqual(['late true'])
  })

  test('that is overdrawn is the matter of the elastic share that uses most', () => {
    const whole = 512 * MiB
    const { ledger, pages } = budget({ WEBSOCKET_MEMORY_BYTES: String(whole) })
    ledger.share('ring').from(() => whole)
    const [queues, partial] = [ledger.share('client_queues'), ledger.share('partial_frames')]
    queues.add(20)
    partial.add(10)
    expect([queues.excessBytes, partial.excessBytes > 0, pages.excessBytes > 0]).toEqual([
      30,
      false,
      false,
    ])
  })
})
