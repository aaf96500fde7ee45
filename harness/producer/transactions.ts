/**
 * Transactions between the records of the load: two producers at a time, whose transactions lie
 * over one another in one partition. The first is aborted and the second committed, or both are
 * aborted. Aborted records are reported as aborted, and committed ones as acknowledged on commit.
 */
import { sleep, type Clock } from '../../relay/world/clock.ts'
import type { Journal } from '../history/journal.ts'
import type { Prepared } from './queue.ts'
import { openPlan, type Plan } from '../records/plan.ts'
import type { Pump } from './pump.ts'
import type { Transaction, TransactionalSink } from './sink.ts'

export interface TransactionOptions {
  readonly seed: string
  readonly partitions: number
}

/** Plays so many pairs over `overMs`; settles when all have ended. */
export type SendTransactions = (
  sink: TransactionalSink,
  each: number,
  overMs: number,
) => Promise<void>

const payloadBytes = 256
/** How long two transactions lie over one another, so that records of the load lie between. */
const openMs = 40

export function openTransactions(
  clock: Clock,
  journal: Journal,
  pump: Pump,
  { seed, partitions }: TransactionOptions,
): SendTransactions {
  /** Made when it is needed: it has a page of prose to write, and few runs want it. */
  let plan: Plan | undefined
  let pairs = 0
  const begin = async (sink: TransactionalSink, by: 'a' | 'b', pair: number) => {
    const run = await sink.begin(by)
    plan ??= openPlan(seed)
    const thread = `transaction-${pair}-${by}`
    return new Sent({ clock, journal, pump, plan, run }, thread, pair % partitions)
  }
  const play = async (sink: TransactionalSink) => {
    const pair = pairs++
    const [a, b] = [await begin(sink, 'a', pair), await begin(sink, 'b', pair)]
    await a.send()
    await b.send()
    await a.send()
    await sleep(clock, openMs)
    await b.end('abort')
    await sleep(clock, openMs)
    await a.send()
    await a.end(pair % 2 === 0 ? 'abort' : 'commit')
  }
  return async (sink, each, overMs) => {
    const startMs = clock.nowMs()
    for (let at = 0; at < each; at += 1) {
      await sleep(clock, Math.max(0, startMs + (at * overMs) / each - clock.nowMs()))
      await play(sink)
    }
  }
}

interface RunContext {
  readonly clock: Clock
  readonly journal: Journal
  readonly pump: Pump
  readonly plan: Plan
  readonly run: Transaction
}

interface One {
  readonly base: bigint
  readonly sentAt: number
  readonly record: Prepared
}

/** One transaction, and what was sent in it. */
class Sent {
  readonly #context: RunContext
  readonly #thread: string
  readonly #partition: number
  readonly #sent: One[] = []
  #next = 1

  constructor(context: RunContext, thread: string, partition: number) {
    this.#context = context
    this.#thread = thread
    this.#partition = partition
  }

  async send(): Promise<void> {
    const { clock, journal, plan, run } = this.#context
    const [thread, partition] = [this.#thread, this.#partition]
    const stampUs = BigInt(Math.round(clock.unixMs() * 1_000))
    const { sequence, next, value } = plan.record(thread, this.#next, payloadBytes, stampUs)
    const record = { thread, sequence, partition, key: Buffer.from(thread), value }
    const sentAt = journal.now()
    this.#sent.push({ base: await run.send(record), sentAt, record })
    this.#next = next
  }

  async end(how: 'abort' | 'commit'): Promise<void> {
    const { journal, pump, run } = this.#context
    await run[how]()
    for (const { base, sentAt, record } of this.#sent) {
      if (how === 'commit') pump.acknowledged(this.#partition, base, sentAt, record)
      else journal.write({
        kind: 'aborted',
        t: journal.now(),
        partition: this.#partition,
        offset: `${base}`,
      })
    }
  }
}
