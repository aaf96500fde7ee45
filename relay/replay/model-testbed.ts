/** What the tests of replays share: a buffer that knows what became of every offset. */
import { createMetrics } from '../metrics/metrics.ts'
import type { Asked, ReplayPage, ReplayStore, Retained } from './seam.ts'
import { decode } from '../stages/decode.ts'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { readFrames, type Seen } from './frames-testbed.ts'
import type { ResumeRequest } from './resume.ts'
import { type ReplayNeeds, ReplaySession } from './session.ts'
import { Turns } from '../world/turns.ts'

/** What became of an offset; `natural` is a hole that no client ever gets. */
export type Fate = 'stored' | 'lost' | 'natural'
export interface Log {
  readonly first: bigint
  readonly fates: readonly Fate[]
}
type Hole = ReplayPage['holes'][number]

/** What befalls the buffer while it is asked. */
export interface Trouble {
  /** From this answer on, what is not in memory cannot be asked for. */
  readonly downFrom: number
  /** Number of offsets from the log's first on that are not in memory. */
  readonly stored: number
  /** From this answer on, `evicted` offsets from the first on are evicted. */
  readonly evictAt: number
  readonly evicted: number
}
const noTrouble: Trouble = { downFrom: Infinity, stored: 0, evictAt: Infinity, evicted: 0 }

/** A buffer that knows every fate, in pages of at most `pageOffsets` offsets. */
export class ModelStore implements ReplayStore {
  readonly epoch = 'this one'
  readonly logs: ReadonlyMap<number, Log>
  readonly pageOffsets: number
  readonly trouble: Trouble
  slowness: () => Promise<void> = async () => undefined
  valueOf: (partition: number, offset: bigint) => Buffer = placeText
  /** Bounds as they were first reported, by partition. */
  readonly reported = new Map<number, Retained | undefined>()
  wasDegraded = false
  readonly #lost = new Set<string>()
  #answers = 0

  constructor(
    logs: ReadonlyMap<number, Log>,
    pageOffsets: number,
    trouble: Partial<Trouble> = {},
  ) {
    this.logs = logs
    this.pageOffsets = pageOffsets
    this.trouble = { ...noTrouble, ...trouble }
  }

  /** Before anything befell the buffer. */
  fateAtFirst(partition: number, offset: bigint): Fate {
    const log = this.logs.get(partition)
    return log?.fates[Number(offset - log.first)] ?? 'lost'
  }
  /** Whether a page has said that it is not there. */
  wasLost(partition: number, offset: bigint): boolean {
    return this.#lost.has(`${partition}/${offset}`)
  }
  /** The current content of the whole buffer. */
  fate(partition: number, offset: bigint): Fate {
    const log = this.logs.get(partition)
    const at = log === undefined ? -1 : Number(offset - log.first)
    const { evictAt, evicted } = this.trouble
    if (this.#answers >= evictAt && at < evicted) return 'lost'
    return log?.fates[at] ?? 'lost'
  }
  async partitions(): Promise<Asked<readonly number[]>> {
    return { found: [...this.logs.keys()], ...(await this.#answer()) }
  }
  async retained(partitions: readonly number[]): Promise<Asked<ReadonlyMap<number, Retained>>> {
    const answer = await this.#answer()
    const found = new Map<number, Retained>()
    for (const partition of partitions) {
      const bounds = this.#bounds(partition)
      if (bounds !== undefined) found.set(partition, bounds)
      if (!this.reported.has(partition)) this.reported.set(partition, bounds)
    }
    return { found, ...answer }
  }
  async page(partition: number, after: bigint, before: bigint): Promise<ReplayPage> {
    const answer = await this.#answer()
    const wanted = after + BigInt(this.pageOffsets)
    const through = wanted < before - 1n ? wanted : before - 1n
    const records: { offset: bigint; value: Buffer }[] = []
    const holes: Hole[] = []
    for (let offset = after + 1n; offset <= through; offset++) {
      const fate = this.#known(partition, offset)
      if (fate === 'stored') records.push({ offset, value: this.valueOf(partition, offset) })
      const last = holes.at(-1)
      if (fate !== 'lost') continue
      this.#lost.add(`${partition}/${offset}`)
      if (last?.lastOffset === offset - 1n) {
        holes[holes.length - 1] = { ...last, lastOffset: offset }
      } else holes.push({ firstOffset: offset, lastOffset: offset })
    }
    return { records, holes, through, hasMore: through + 1n < before, ...answer }
  }
  add() {}
  addHole() {}
  async clear() {
    return { isCleared: true, keys: 0 }
  }
  status() {
    return {}
  }
  async close() {}

  async #answer(): Promise<{ degraded?: string }> {
    await this.slowness()
    this.#answers += 1
    if (!this.#isDown) return {}
    this.wasDegraded = true
    return { degraded: 'down' }
  }
  get #isDown(): boolean {
    return this.#answers >= this.trouble.downFrom
  }
  #bounds(partition: number): Retained | undefined {
    const known = this.#offsets(partition).filter((at) => this.#known(partition, at) !== 'lost')
    const [oldest, newest] = [known[0], known.at(-1)]
    return oldest === undefined ? undefined : { oldest, newest: newest! }
  }
  #offsets(partition: number): bigint[] {
    const { first = 0n, fates = [] } = this.logs.get(partition) ?? {}
    return fates.map((_, at) => first + BigInt(at))
  }
  /** As a request now sees it. */
  #known(partition: number, offset: bigint): Fate {
    const first = this.logs.get(partition)?.first ?? 0n
    const isOut = this.#isDown && offset < first + BigInt(this.trouble.stored)
    return isOut ? 'lost' : this.fate(partition, offset)
  }
}

/** A value that says where it stands. */
export const placeText = (partition: number, offset: bigint) =>
  Buffer.from(`${partition}/${offset}`)

/** Never refuses anything. */
export const plentyOfMemory = {
  pages: { wait: async () => true, give: () => undefined },
  notes: { take: () => true, give: () => undefined },
}

/** Begins a replay on a stopped clock. */
export function begin(
  store: ReplayStore,
  request: Partial<ResumeRequest>,
  fence: ReadonlyMap<number, bigint>,
  more: Partial<ReplayNeeds> = {},
) {
  const clock = new ManualClock()
  const metrics = createMetrics(false)
  const needs: ReplayNeeds = {
    clock,
    metrics,
    store,
    timeoutMs: 30_000,
    recordsMax: 1_000,
    chunkBytesMax: 300,
    ...plentyOfMemory,
    pageWaitMs: 10_000,
    logEnd: () => undefined,
    judge: (value) => decode(value, 1_000_000),
    turns: new Turns(),
    ...more,
  }
  const asked: ResumeRequest = {
    mode: 'partition',
    from: 'cursor',
    cursors: new Map(),
    sequences: new Map(),
    epoch: undefined,
    ...request,
  }
  return { clock, metrics, session: new ReplaySession(needs, asked, fence) }
}

/** All that a client sees of a replay. */
export async function seenOf(session: ReplaySession): Promise<Seen[]> {
  const seen: Seen[] = []
  for await (const chunk of session.chunks()) seen.push(...readFrames(chunk))
  return seen
}

export const isRecord = (one: Seen): one is Extract<Seen, { type: 'record' }> =>
  one.type === 'record'
export const recordsOf = (seen: readonly Seen[]) => seen.filter(isRecord)
export const controlOf = (seen: readonly Seen[], type: string, partition?: number) =>
  (seen as readonly Record<string, unknown>[]).filter(
    (one) => one['type'] === type && (partition === undefined || one['partition'] === partition),
  )

/** A log of one partition from `first` on, a letter per offset: stored, lost, natural. */
export function storeOf(fates: string, first = 0n, pageOffsets = 4): ModelStore {
  const words = { s: 'stored', l: 'lost', n: 'natural' } as const
  const letters = Array.from(fates) as (keyof typeof words)[]
  const log = { first, fates: letters.map((letter) => words[letter]) }
  return new ModelStore(new Map([[0, log]]), pageOffsets)
}
export const one = (offset: bigint) => new Map([[0, offset]])
export const range = (first: bigint, last: bigint) =>
  Array.from({ length: Math.max(0, Number(last - first + 1n)) }, (_, at) => first + BigInt(at))

/** Offsets that gaps declare missing, of one partition, in the order in which they came. */
export function declared(seen: readonly Seen[], partition: number): bigint[] {
  return controlOf(seen, 'gap', partition).flatMap((gap) => {
    const missing = range(BigInt(gap['firstOffset'] as string), BigInt(gap['lastOffset'] as string))
    if (gap['count'] !== missing.length) throw new Error(`a gap of ${missing.length} miscounts`)
    return missing
  })
}
