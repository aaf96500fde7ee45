/** The consumer on a fake library that the test controls, and that records its calls. */
import type { EachBatchPayload, Kafka } from 'kafkajs'
import { parseSettings } from '../tables/settings-parse.ts'
import { ManualClock, settled } from '../world/manual-clock-testbed.ts'
import type { Fetched } from './batches/fetched.ts'
import { openTransactions } from './batches/transactions.ts'
import { type ConsumerNeeds, createConsumer } from './kafka-consumer.ts'

type Needs = Pick<ConsumerNeeds, 'onBatch' | 'positions' | 'onRebalancing'>
/** A fake library without records. */
interface Library {
  /** The calls, in order. */
  readonly calls: string[]
  readonly on: Map<string, (event: object) => void>
  eachBatch: (payload: EachBatchPayload) => Promise<void>
}
const quiet = () => undefined

/** All calls of the consumer that are kept; the rest does nothing. */
function callsOf(library: Library) {
  const { calls, on } = library
  return {
    events: { GROUP_JOIN: 'join', REBALANCING: 'rebalancing' },
    on: (event: string, tell: (event: object) => void) => on.set(event, tell),
    connect: async () => undefined,
    disconnect: async () => undefined,
    subscribe: async () => undefined,
    run: async ({ eachBatch }: Pick<Library, 'eachBatch'>) => {
      library.eachBatch = eachBatch
    },
    pause: ([{ partitions }]: [{ partitions: number[] }]) =>
      calls.push(`pause ${partitions.join()}`),
    resume: ([{ partitions }]: [{ partitions?: number[] }]) => {
      if (partitions !== undefined) calls.push(`resume ${partitions.join()}`)
    },
    seek: (to: { partition: number; offset: string }) =>
      calls.push(`seek ${to.partition} ${to.offset}`),
  }
}

/** Joined, with all partitions that have known positions. */
export async function consumerBench({ onBatch, positions, onRebalancing }: Needs) {
  const library: Library = { calls: [], on: new Map(), eachBatch: async () => undefined }
  const { calls, on } = library
  const parsed = parseSettings({ KAFKA_TOPIC: 't' })
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const consumer = createConsumer({
    settings: parsed.settings,
    clock: new ManualClock(),
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    transactions: openTransactions,
    createClient: () => ({ consumer: () => callsOf(library) }) as unknown as Kafka,
    positions,
    onBatch,
    rested: async () => undefined,
    onFetched: quiet,
    onAssigned: quiet,
    onLeft: quiet,
    onRebalancing,
    onError: (error) => calls.push(String(error)),
  })
  consumer.start()
  await settled()
  on.get('join')?.({ payload: { memberAssignment: { t: [...positions().keys()] } } })
  calls.length = 0
  /** As the library does; it fetches again when this settles. */
  const take = (fetched: Fetched) => {
    const payload = {
      batch: { messages: [{ fetched }] },
      isRunning: () => true,
      heartbeat: async () => calls.push('heartbeat'),
      resolveOffset: (offset: string) => calls.push(`resolve ${fetched.partition} ${offset}`),
    }
    return library.eachBatch(payload as unknown as EachBatchPayload)
  }
  const rebalance = () => on.get('rebalancing')?.({})
  return { rebalance, take, calls }
}
