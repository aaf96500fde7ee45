/** Rounds: everybody once and in order, however long it takes, and never long in one turn. */
import { expect, test } from 'vitest'
import { ManualClock, settled } from './manual-clock-testbed.ts'
import { Rounds } from './rounds.ts'
import { workOf } from './work-testbed.ts'

/** Each look at the time costs two milliseconds: a slice is two looks. */
class BusyClock extends ManualClock {
  override nowMs(): number {
    this.advance(2)
    return super.nowMs()
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, at) => at)

function bench(count: number, clock = new BusyClock()) {
  const all = new Set(numbers(count))
  const seen: number[] = []
  const rounds = new Rounds(clock, all, (one) => seen.push(one))
  return { all, rounds, seen }
}

test('a round over few is over at once', () => {
  const { rounds, seen } = bench(7)
  expect(rounds.begin()).toBeUndefined()
  expect(seen).toEqual(numbers(7))
})

test('a round over many takes several turns of the loop, in order', async () => {
  const { rounds, seen } = bench(1_000)
  const round = rounds.begin()
  const perTurn: number[] = [seen.length]
  while (seen.length < 1_000) {
    const before = seen.length
    await settled()
    perTurn.push(seen.length - before)
  }
  await round
  expect(seen).toEqual(numbers(1_000))
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(2 * 16)
})

test('who has gone is left out, who comes is come by', async () => {
  const { all, rounds, seen } = bench(500)
  const round = rounds.begin()
  all.delete(499)
  all.add(1_000)
  await round
  expect(seen).toEqual([...numbers(499), 1_000])
})

test('what is asked for during a round follows it, once', async () => {
  const { rounds, seen } = bench(300)
  const first = rounds.begin()
  const order: string[] = []
  const later = [rounds.begin(), rounds.begin(), rounds.begin()]
  void first?.then(() => order.push('first'))
  void later[0]?.then(() => order.push('second'))
  for (const one of later) await one
  expect(order).toEqual(['first', 'second'])
  expect(seen).toEqual([...numbers(300), ...numbers(300)])
  const third = rounds.begin()
  await third
  expect(seen).toHaveLength(900)
})

test('that fails ends alone', async () => {
  let isBroken = true
  const rounds = new Rounds(new BusyClock(), new Set(numbers(500)), (one) => {
    if (isBroken && one === 400) throw new Error('broken')
  })
  await expect(rounds.begin()).rejects.toThrow('broken')
  isBroken = false
  await rounds.begin()
})

test('four times as many cost no more than five times as much', async () => {
  const cost = (count: number) => {
    const { rounds } = bench(count)
    return workOf(() => rounds.begin())
  }
  await cost(100)
  expect(await cost(8_000)).toBeLessThan(5 * (await cost(2_000)))
})
