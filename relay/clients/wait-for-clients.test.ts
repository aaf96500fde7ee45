/** A batch that waits for clients to keep up holds up its own partition, as long as it may wait. */
import { expect, test } from 'vitest'
import { consumerBench } from '../kafka/consumer-testbed.ts'
import type { Fetched } from '../kafka/batches/fetched.ts'
import type { ByteLog } from '../log/byte-log.ts'
import { batch, bench } from '../stages/consume-testbed.ts'
import { waitBudgetMs } from '../stages/wait-budget.ts'
import { settled } from '../world/manual-clock-testbed.ts'
import { Clients } from './clients.ts'
import type { Session } from './session.ts'

/** Records that a client may be behind before consumption waits, and for how long it does. */
const recordsMax = 25
const waitMsMax = 5_000

/** Three partitions and one client, which takes what the test says. */
async function relay() {
  const stage = bench('skip', { waitForClients: (run) => clients.waitForClients(run) })
  const { clock, consume, log, stored } = stage
  const shareBehind = (ordinal: number) => (log.ordinal - ordinal) / (4 * recordsMax)
  const clients = new Clients({
    clock,
    waitMsMax,
    log: { shareBehind } as unknown as ByteLog,
    pinnedBytesMax: 1,
    queues: { excessBytes: 0, refusals: 0 },
    onSwept: () => undefined,
    soon: () => undefined,
  })
  const outlet = { ordinal: 0 }
  clients.add({ outlet } as unknown as Session)
  for (const partition of [0, 1, 2]) consume.begin({ partition, offset: 0n, lostFrom: undefined })
  const library = await consumerBench({
    positions: () => consume.positions(),
    onBatch: (fetched, run) => consume.take(fetched, run),
    onRebalancing: () => undefined,
  })
  const keepUp = () => void (outlet.ordinal = log.ordinal)
  const offsets = (of: number) =>
    stored.filter(({ partition }) => partition === of).map(({ offset }) => offset)
  return { ...stage, ...library, keepUp, offsets }
}

const of = (partition: number, from: number, count: number): Fetched => {
  const kinds = Array.from({ length: count }, () => 'valid' as const)
  return { ...batch(BigInt(from), kinds), partition }
}
const range = (end: number) => Array.from({ length: end }, (_, at) => BigInt(at))

test('a batch that waits for clients to the end lets the other partitions go on', async () => {
  const { clock, keepUp, offsets, take, calls } = await relay()
  const many = recordsMax + 1
  await take(of(1, 0, many))
  const taking = take(of(0, 0, 10))
  await clock.pass(waitBudgetMs + 10, 5)
  await taking
  expect(calls.filter((one) => one !== 'heartbeat')).toEqual([`resolve 1 ${many - 1}`, 'pause 0'])
  // Each time that clients catch up, a batch of another partition is first.
  let rounds = 1
  for (; clock.nowMs() < waitMsMax - 100; rounds += 1) {
    keepUp()
    await take(of(1, many * rounds, many))
    await clock.pass(50, 5)
  }
  expect(rounds).toBeGreaterThan(50)
  expect([offsets(0), offsets(1)]).toEqual([[], range(many * rounds)])
  expect(calls).not.toContain('resume 0')
  await clock.pass(100, 5)
  expect(calls.slice(-2)).toEqual(['seek 0 10', 'resume 0'])
  keepUp()
  await take(of(0, 10, 10))
  expect(offsets(0)).toEqual(range(20))
})

test('a batch that waits for clients is void with a rebalance, and comes again', async () => {
  const { clock, consume, keepUp, offsets, rebalance, take, calls } = await relay()
  await take(of(1, 0, recordsMax + 1))
  const taking = take(of(0, 0, 10))
  await clock.pass(waitBudgetMs + 10, 5)
  await taking
  rebalance()
  consume.reassigned()
  keepUp()
  await clock.pass(50, 5)
  expect([offsets(0), calls.includes('seek 0 10')]).toEqual([[], false])
  await take(of(0, 0, 10))
  await settled()
  expect(offsets(0)).toEqual(range(10))
})
