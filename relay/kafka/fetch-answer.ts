/**
 * A broker's answer to a fetch, from Kafka's bytes to our own records. kafkajs reads records
 * without knowing which transactions were aborted, and removes those afterwards by its own rules,
 * which miss some; here the list is known before a record is read. And it traverses all records
 * four times, with each offset as a string: so it gets one message for all records of a partition,
 * which it passes on unread.
 */
import { Allowance } from './batches/allowance.ts'
import type { Fetched } from './batches/fetched.ts'
import { type Fetch, readRecordSet } from './batches/record-set.ts'
import type { AbortedTransaction, OpenTransactions } from './batches/transactions.ts'

/** The topics of a request, as the library has them. */
export interface AskedTopic {
  readonly topic: string
  readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string }[]
}
/** What kafkajs gets for all records of a partition: one message, as far as it looks. */
export interface HandedOver {
  /** Offset of the last record that was read, hidden or not: kafkajs continues after it. */
  readonly offset: string
  readonly isControlRecord: false
  readonly fetched: Fetched
}
export interface AnsweredPartition {
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: string
  readonly lastStableOffset: string
  readonly preferredReadReplica?: number
  /** None: their records are left out already. */
  readonly abortedTransactions: readonly []
  /** None where nothing could be read. */
  readonly messages: readonly [] | readonly [HandedOver]
}
export interface FetchAnswer {
  /** 0 from version 8 on: the library need not wait, because the broker delays it. */
  readonly throttleTime: number
  readonly clientSideThrottleTime?: number
  readonly errorCode?: number
  readonly sessionId?: number
  readonly responses: readonly {
    readonly topicName: string
    readonly partitions: readonly AnsweredPartition[]
  }[]
}

/** How all answers are read. */
export interface ReadingRules {
  /** Limit of all unpacked batches of an answer. */
  readonly unpackedBytesMax: number
  /** Bytes that batches of earlier answers still hold. */
  readonly heldBytes: () => number
  readonly transactions: OpenTransactions
}

const none: readonly [] = []
/** The first version with transactions, and the newest that is read here. */
export const fetchVersions = { first: 4, last: 11 } as const

/** Reads an answer of one of these versions. */
export function readFetchAnswer(
  bytes: Buffer,
  version: number,
  asked: readonly AskedTopic[],
  rules: ReadingRules,
): Promise<FetchAnswer> {
  return new AnswerReader(bytes, version, asked, rules).read()
}

class AnswerReader {
  readonly #bytes: Buffer
  readonly #version: number
  readonly #offsets: ReadonlyMap<string, bigint>
  readonly #rules: ReadingRules
  readonly #allowance: Allowance
  #at = 0

  constructor(
    bytes: Buffer,
    version: number,
    asked: readonly AskedTopic[],
    rules: ReadingRules,
  ) {
    this.#bytes = bytes
    this.#version = version
    this.#rules = rules
    this.#allowance = new Allowance(rules.unpackedBytesMax, rules.heldBytes())
    this.#offsets = new Map(
      asked.flatMap(({ topic, partitions }) =>
        partitions.map((one) => [`${one.partition} ${topic}`, BigInt(one.fetchOffset)] as const),
      ),
    )
  }

  async read(): Promise<FetchAnswer> {
    const throttledMs = this.#int32()
    const session =
      this.#version < 7 ? {} : { errorCode: this.#int16(), sessionId: this.#int32() }
    const throttle =
      this.#version < 8
        ? { throttleTime: throttledMs }
        : { throttleTime: 0, clientSideThrottleTime: throttledMs }
    const responses = await this.#list(async () => {
      const topicName = this.#text()
      return { topicName, partitions: await this.#list(() => this.#partition(topicName)) }
    })
    return { ...throttle, ...session, responses }
  }

  async #partition(topic: string): Promise<AnsweredPartition> {
    const partition = this.#int32()
    const errorCode = this.#int16()
    const logEnd = this.#int64()
    const lastStableOffset = String(this.#int64())
    if (this.#version >= 5) this.#int64()
    const aborted = this.#aborted()
    const preferred = this.#version < 11 ? {} : { preferredReadReplica: this.#int32() }
    const set = this.#take(Math.max(0, this.#int32()))
    const offset = this.#offsets.get(`${partition} ${topic}`)
    const fetch = { offset: offset ?? 0n, logEnd, hides: this.#rules.transactions(aborted) }
    const messages = offset === undefined ? none : await this.#handOver(partition, set, fetch)
    const known = { highWatermark: String(logEnd), lastStableOffset, ...preferred }
    return { partition, errorCode, ...known, abortedTransactions: none, messages }
  }

  async #handOver(partition: number, set: Buffer, fetch: Fetch): Promise<[] | [HandedOver]> {
    const { offset: fetchedOffset, logEnd: highWatermark } = fetch
    const read = await readRecordSet(set, fetch, this.#allowance)
    if (read.nextOffset === fetchedOffset) return []
    const fetched = { partition, fetchedOffset, highWatermark, ...read }
    return [{ offset: String(read.nextOffset - 1n), isControlRecord: false, fetched }]
  }

  #aborted(): AbortedTransaction[] {
    const aborted: AbortedTransaction[] = []
    for (let left = this.#int32(); left > 0; left -= 1) {
      aborted.push({ producerId: this.#int64(), firstOffset: this.#int64() })
    }
    return aborted
  }

  /** One after the other: they share the allowance. */
  async #list<T>(read: () => Promise<T>): Promise<T[]> {
    const all: T[] = []
    for (let left = this.#int32(); left > 0; left -= 1) all.push(await read())
    return all
  }

  #take(count: number): Buffer {
    const end = this.#at + count
    if (end > this.#bytes.length) throw new RangeError('the answer to a fetch is cut off')
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return bytes
  }

  #int16 = (): number => this.#take(2).readInt16BE()
  #int32 = (): number => this.#take(4).readInt32BE()
  #int64 = (): bigint => this.#take(8).readBigInt64BE()
  #text = (): string => this.#take(Math.max(0, this.#int16())).toString()
}
