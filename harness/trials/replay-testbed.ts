/**
 * A real Redis for the tests of the replay buffer, started, frozen, killed and emptied by them, and
 * stores on it.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { type RedisCommand, RedisLink, type RedisReply } from '../../relay/adapters/redis.ts'
import { Signals } from '../../relay/health/signals.ts'
import { createMetrics } from '../../relay/metrics/metrics.ts'
import { type EpochReason, TieredReplayStore } from '../../relay/replay/store.ts'
import { parseSettings } from '../../relay/tables/settings-parse.ts'
import type { Settings } from '../../relay/tables/settings.ts'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { onFreePorts } from '../stack/free-ports.ts'
import { startRedis } from '../stack/redis-server.ts'
import { ensureTools, type Found } from '../toolchain/tools.ts'
import type { OwnedChild } from '../world/owned-child.ts'
import { openWorld, type World } from '../world/world.ts'
import { until } from './until-testbed.ts'

export class RedisServer {
  static #made = 0
  readonly #world: World
  readonly #tool: Found
  readonly #folder: string
  #port: number | undefined
  #child: OwnedChild | undefined

  readonly #more: Readonly<Record<string, string>>

  /** @param more settings of redis.conf */
  constructor(world: World, tool: Found, more: Readonly<Record<string, string>> = {}) {
    this.#world = world
    this.#tool = tool
    this.#more = more
    this.#folder = world.makeFolder(`replay-${RedisServer.#made++}`)
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }
  get port(): number {
    return this.#port ?? 0
  }

  /** Starts it empty; at the same address as before. */
  async start(): Promise<void> {
    if (this.#port !== undefined) return this.#startOn(this.#port)
    const wish = { seed: this.#world.mark, role: 'redis', count: 1 }
    await onFreePorts(wish, ([port]) => this.#startOn(port!))
  }

  freeze(): void {
    this.#child?.signal('SIGSTOP')
  }
  thaw(): void {
    this.#child?.signal('SIGCONT')
  }
  async kill(): Promise<void> {
    this.#child?.signal('SIGKILL')
    await this.#child?.exited
  }

  /** Runs commands on a connection of their own. */
  async run(...commands: RedisCommand[]): Promise<readonly RedisReply[]> {
    const isUp = Promise.withResolvers<void>()
    const link = new RedisLink({
      url: this.url,
      clock,
      timeoutMs: 5_000,
      onConnect: async () => undefined,
      onUp: () => isUp.resolve(),
    })
    const kept = link.keep()
    await isUp.promise
    try {
      return await link.run(commands)
    } finally {
      link.close()
      await kept
    }
  }

  async #startOn(port: number): Promise<void> {
    const folder = this.#folder
    this.#child = await startRedis(this.#world, this.#tool, folder, folder, port, this.#more)
    this.#port = port
  }
}

const parsed = parseSettings({ KAFKA_BROKERS: 'unused:9092' })
if (!parsed.ok) throw new Error(parsed.problems.join('; '))
const byDefault = parsed.settings

/** A store, and what it counted and reported. */
export function storeOn(redisUrl: string, more: Partial<Settings> = {}) {
  const settings: Settings = { ...byDefault, redisUrl, redisTimeoutMs: 500, ...more }
  const metrics = createMetrics(false)
  const signals = new Signals(metrics, clock, settings.healthWindowMs)
  const epochs: EpochReason[] = []
  const onEpoch = (_: string, why: EpochReason) => void epochs.push(why)
  const told: string[] = []
  const store = new TieredReplayStore({
    settings,
    clock,
    metrics,
    signals,
    expiryMs: () => settings.replayTtlMs,
    onEpoch,
    onRedisUp: () => void told.push('up'),
    onRedisDown: (why) => void told.push(`down: ${why}`),
    onRedisRefusal: (reason) => void told.push(`refused: ${reason}`),
  })
  const lost = (reason: Parameters<Signals['redisDropped']>[1]) =>
    metrics.redisRecordsLost.of({ reason }).total
  return { store, metrics, epochs, lost, settings, told }
}

/** What a test does with its Redis and the stores on it. */
export interface ReplayBed {
  /** Empty when the test begins. */
  readonly redis: RedisServer
  /** A store that is not opened yet; it is closed with the test. */
  readonly store: (more?: Partial<Settings>) => ReturnType<typeof storeOn>
  /** A store that is connected, under the namespace of the test. */
  readonly connected: (
    more?: Partial<Settings>,
    namespace?: string,
  ) => Promise<ReturnType<typeof storeOn>>
}

/** Gives every test of a file an empty Redis, and takes it and all stores away again. */
export function useReplayBed(): ReplayBed {
  let world: World
  let redis: RedisServer
  const open: TieredReplayStore[] = []
  beforeAll(async () => {
    world = await openWorld(clock)
    const tools = await ensureTools(['redis'], () => undefined)
    redis = new RedisServer(world, tools.redis)
  })
  afterAll(() => world?.close())
  beforeEach(() => redis.start())
  afterEach(async () => {
    redis.thaw()
    await Promise.all(open.splice(0).map((store) => store.close()))
    await redis.kill()
  })
  const store = (more: Partial<Settings> = {}) => {
    const opened = storeOn(redis.url, { replayMemoryRecordsMax: 10, ...more })
    open.push(opened.store)
    return opened
  }
  return {
    get redis() {
      return redis
    },
    store,
    async connected(more, namespace = 'v1_test') {
      const opened = store(more)
      await opened.store.open(namespace)
      expect(opened.store.status()['redis_connected']).toBe(true)
      return opened
    },
  }
}

/** Records `first` to `last` of a partition, each with a value that identifies it. */
export const records = (partition: number, first: number, last: number, bytes = 0) =>
  Array.from({ length: last - first + 1 }, (_, at) => ({
    partition,
    offset: BigInt(first + at),
    value: valueOf(partition, first + at, bytes),
  }))

export const valueOf = (partition: number, offset: number | bigint, bytes = 0): Buffer =>
  Buffer.from(`${partition}/${offset}`.padEnd(bytes, '.'))

/** Everything between two offsets, page by page, as a client would get it. */
export async function replayed(
  store: TieredReplayStore,
  partition: number,
  after: bigint,
  before: bigint,
) {
  const { signal } = new AbortController()
  const found: { offset: bigint; value: Buffer }[] = []
  const missing: bigint[] = []
  const degraded = new Set<string>()
  let at = after
  for (let hasMore = true; hasMore;) {
    const page = await store.page(partition, at, before, signal)
    found.push(...page.records)
    for (const { firstOffset, lastOffset } of page.holes) {
      for (let offset = firstOffset; offset <= lastOffset; offset++) missing.push(offset)
    }
    if (page.degraded !== undefined) degraded.add(page.degraded)
    if (page.through <= at && page.hasMore) throw new Error('a page made no progress')
    at = page.through
    hasMore = page.hasMore
  }
  return { found, offsets: found.map(({ offset }) => Number(offset)), missing, degraded }
}

/** From one to the other, both included. */
export const numbers = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at)

/** Also what was added in this turn. */
export async function written(store: TieredReplayStore): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  await until('everything is written', () => store.status()['redis_queue_bytes'] === 0)
}
