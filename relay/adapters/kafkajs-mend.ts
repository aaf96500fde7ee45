/**
 * What kafkajs 2.2.4 lacks, mended once per process.
 *
 * After every response its request queue sets a timer for `throttledUntil - now`, and as nothing
 * is throttled that is minus the current time: a warning on Node 24, and a useless timer per
 * request.
 *
 * Of the codecs that producers use it knows gzip only; it unpacks without a bound, and a batch that
 * it cannot read ends the consumer, again and again. It also delivers records of transactions that
 * were given up. So answers to fetches are read by our own code.
 *
 * A consumer that resolves offsets by itself is not told of what it does not get: behind records
 * that nobody may read its position stands still for ever. So it gets those batches too, empty.
 */
import { createRequire } from 'node:module'
import { openTransactions } from '../batches/transactions.ts'
import {
  type AskedTopic,
  type FetchAnswer,
  fetchVersions,
  type ReadingRules,
  readFetchAnswer,
} from './fetch-answer.ts'

interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}
interface FetchRequest {
  readonly topics: readonly AskedTopic[]
}
interface FetchProtocol {
  readonly response: { readonly decode: (answer: Buffer) => Promise<FetchAnswer> }
}
interface FetchDefinition {
  protocol(choice: { readonly version: number }): (request: FetchRequest) => FetchProtocol
}
interface Batch {
  readonly rawMessages: readonly unknown[]
}
interface Runner {
  readonly running: boolean
  readonly eachBatch: unknown
  readonly eachBatchAutoResolve: boolean
  readonly autoCommit: boolean
  handleBatch: (this: Runner, batch: Batch) => Promise<void>
  processEachBatch(batch: Batch): Promise<void>
  heartbeat(): Promise<void>
}

const require = createRequire(import.meta.url)
let isMended = false
let rules: ReadingRules = {
  unpackedBytesMax: 32 * 1_024 * 1_024,
  transactions: openTransactions,
}

/** Idempotent. @param changed rules of reading from now on, for all clients of the process */
export function mendKafkajs(changed: Partial<ReadingRules> = {}): void {
  rules = { ...rules, ...changed }
  if (isMended) return
  isMended = true
  mendRequestQueue()
  mendFetches()
  mendRunner()
}

function mendRequestQueue(): void {
  const path = 'kafkajs/src/network/requestQueue/index.js'
  const queueClass = require(path) as { readonly prototype: RequestQueue }
  const schedule = queueClass.prototype.scheduleCheckPendingRequests
  queueClass.prototype.scheduleCheckPendingRequests = function scheduleIfNeeded() {
    if (this.pending.length > 0) schedule.call(this)
  }
}

function mendFetches(): void {
  const definition = require('kafkajs/src/protocol/requests/fetch/index.js') as FetchDefinition
  const theirs = definition.protocol.bind(definition)
  definition.protocol = ({ version }) => {
    const protocol = theirs({ version })
    if (version < fetchVersions.first || version > fetchVersions.last) return protocol
    return (request) => {
      const { response, ...rest } = protocol(request)
      const decode = (answer: Buffer) =>
        readFetchAnswer(answer, version, request.topics, rules)
      return { ...rest, response: { ...response, decode } }
    }
  }
}

function mendRunner(): void {
  const { prototype } = require('kafkajs/src/consumer/runner.js') as { readonly prototype: Runner }
  const theirs = prototype.handleBatch
  prototype.handleBatch = async function handleEveryBatch(batch) {
    const isByHand = !this.eachBatchAutoResolve && !this.autoCommit
    const isOurs = isByHand && Boolean(this.eachBatch)
    if (!isOurs || !this.running) return theirs.call(this, batch)
    if (batch.rawMessages.length > 0) await this.processEachBatch(batch)
    await this.heartbeat()
  }
}
