/** A consume stage on a clock that the test moves, and all that becomes of what it takes. */
import { create } from '@bufbuild/protobuf'
import { encodeRecord } from '../../proto/codec.ts'
import { DashStreamMessageSchema } from '../../proto/gen/dashstream_pb.js'
import type { BatchRun } from '../kafka/kafka-consumer.ts'
import type { Fetched, FetchedRecord } from '../kafka/batches/fetched.ts'
import { DeadLetterQueue, type DlqProducer } from '../dead-letters/dlq.ts'
import { Signals } from '../health/signals.ts'
import { Ledger } from '../limits/ledger.ts'
import { ByteLog } from '../log/byte-log.ts'
import type { PoisonPolicy } from './seam.ts'
import { createMetrics, sumOf } from '../metrics/metrics.ts'
import type { RelayRecord } from '../log/record.ts'
import { parseSettings } from '../tables/settings-parse.ts'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { Broadcast } from './broadcast.ts'
import { Consume, type ConsumeNeeds } from './consume.ts'
import { Judge } from './judge.ts'
import { referencePoison } from './poison.ts'

export type Kind = 'valid' | 'malformed' | 'tombstone'

export const validValue = Buffer.from(
  encodeRecord(
    create(DashStreamMessageSchema, {
      message: { case: 'event', value: { header: { threadId: 't', sequence: 1n }, nodeId: 'n' } },
    }),
  ),
)
export const values: Readonly<Record<Kind, Buffer | null>> = {
  valid: validValue,
  malformed: Buffer.concat([validValue, Buffer.of(0x07)]),
  tombstone: null,
}

/** A batch that begins at `from`; `skip` says which offsets do not exist. */
export function batch(from: bigint, kinds: readonly Kind[], skip = new Set<number>()): Fetched {
  const records = kinds.flatMap((kind, index) =>
    skip.has(index) ? [] : [recordAt(from + BigInt(index), values[kind])],
  )
  return fetchedOf(from, records, from + BigInt(kinds.length))
}

const recordAt = (offset: bigint, value: Buffer | null): FetchedRecord => {
  return { offset, key: null, value, timestampMs: 0 }
}

function fetchedOf(from: bigint, records: readonly FetchedRecord[], nextOffset: bigint): Fetched {
  const bytes = records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
  const known = { partition: 0, fetchedOffset: from, nextOffset, highWatermark: nextOffset }
  return { ...known, records, bytes }
}

/** A batch of these values, from the beginning of the log. */
export const batchOf = (all: readonly Buffer[]): Fetched =>
  fetchedOf(0n, all.map((value, at) => recordAt(BigInt(at), value)), BigInt(all.length))

/** The same batch, whose second record stands for all of these offsets. */
export function withUnreadable(fetched: Fetched, firstOffset: bigint, lastOffset: bigint): Fetched {
  const [before, second, after] = fetched.records
  const says = 'Nobody can read it.'
  const unreadable = { firstOffset, lastOffset, fault: 'corrupt', says } as const
  const records = [before!, { ...second!, unreadable }, { ...after!, offset: lastOffset + 1n }]
  return { ...fetched, records, nextOffset: lastOffset + 2n, highWatermark: lastOffset + 2n }
}

const quiet = () => undefined
const idleRun = { isStale: () => false, beat: async () => undefined, detach: quiet }
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }

/** What may be other than it is elsewhere. */
interface Given {
  readonly poison?: PoisonPolicy
  readonly env?: Readonly<Record<string, string>>
  readonly producer?: DlqProducer
  /** What the store makes wait for. */
  readonly storing?: Promise<void>
  readonly clock?: ManualClock
  readonly waitForClients?: ConsumeNeeds['waitForClients']
}

export function bench(policy: 'skip' | 'pause' = 'skip', given: Given = {}) {
  const { producer = { send: async () => undefined }, clock = new ManualClock() } = given
  const parsed = parseSettings({ KAFKA_ON_DECODE_ERROR: policy, ...given.env })
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const { settings } = parsed
  const metrics = createMetrics(false)
  const signals = new Signals(metrics, clock, 120_000)
  const log = new ByteLog({ bytesMax: 1 << 24, recordsMax: 100_000 })
  const stored: RelayRecord[] = []
  const holes: [bigint, bigint][] = []
  const lost: [bigint, bigint][] = []
  const pausedAt: bigint[] = []
  const rewound: number[] = []
  const dlq = new DeadLetterQueue({
    settings,
    topic: 'd',
    clock,
    logger,
    metrics,
    producer,
    onCapacity: quiet,
  })
  const consume = new Consume({
    settings,
    clock,
    metrics,
    signals,
    dlq,
    poison: given.poison ?? referencePoison,
    judge: new Judge(settings.payloadBytesMax),
    ledger: new Ledger(settings),
    broadcast: new Broadcast({
      log,
      clock,
      flushIntervalMs: 0,
      wakeAll: () => undefined,
      soon: (work) => queueMicrotask(work),
    }),
    store: {
      add: (records: readonly RelayRecord[]) => {
        stored.push(...records)
        return given.storing
      },
      addHole: (_: number, first: bigint, last = first) => holes.push([first, last]),
    },
    waitForClients: given.waitForClients ?? (async () => undefined),
    headAtStart: () => undefined,
    onLost: (_, first, last) => lost.push([first, last]),
    onRewound: async (partition) => {
      rewound.push(partition)
      await Promise.resolve()
      consume.topicRecreated([])
    },
  })
  const run: BatchRun = {
    ...idleRun,
    pauseAt: (offset) => pausedAt.push(offset),
  }
  const offsets = () => stored.map(({ offset }) => offset)
  const dead = () => sumOf(metrics.dlqSends) + sumOf(metrics.dlqSendFailures)
  const seen = { holes, lost, pausedAt, rewound, stored, offsets, dead }
  return { ...seen, clock, consume, dlq, log, metrics, run, signals }
}
