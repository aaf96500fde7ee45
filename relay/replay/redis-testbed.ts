/** A real Redis for tests, started, stopped, frozen and killed by them, and a store on it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RedisCommand, RedisLink, type RedisReply } from '../adapters/redis.ts'
import { Signals } from '../health/signals.ts'
import { createMetrics } from '../metrics.ts'
import { type Settings, settingRows } from '../tables/settings.ts'
import { sleep, systemClock as clock } from '../world/clock.ts'
import { withDeadline } from '../world/deadline.ts'
import { type EpochReason, TieredReplayStore } from './store.ts'

/** Polls until the condition holds; fails after ten seconds, saying what was waited for. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  await withDeadline(clock, 10_000, `waiting until ${what}`, async (signal) => {
    while (!(await isTrue())) await sleep(clock, 10, signal)
  })
}

export class RedisServer {
  readonly #port: number
  readonly #folder: string
  #child: ChildProcess | undefined

  constructor(port: number, folder: string) {
    this.#port = port
    this.#folder = folder
  }

  static async prepare(): Promise<RedisServer> {
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const address = probe.address()
    probe.close()
    await once(probe, 'close')
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    return new RedisServer(port, await mkdtemp(join(tmpdir(), 'replay-redis-')))
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`
  }

  /** Starts it empty. */
  async start(): Promise<void> {
    const flags = { port: this.#port, bind: '127.0.0.1', dir: this.#folder, appendonly: 'no' }
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])
    const { path, env } = redisProgram()
    const more = env && { env }
    this.#child = spawn(path, [...args, '--save', ''], { stdio: 'ignore', ...more })
    await until('Redis listens', () => isOpen(this.#port))
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }
  thaw(): void {
    this.#child?.kill('SIGCONT')
  }
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  async remove(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Runs commands on a connection of their own. */
  async run(...commands: RedisCommand[]): Promise<readonly RedisReply[]> {
    const isUp = Promise.withResolvers<void>()
    const link = new RedisLink({
      url: this.url,
      clock,
      timeoutMs: 5_000,
      greet: async () => undefined,
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
}

/** Where set-up unpacks Redis, with the libraries that it needs, on a host that has none. */
const unpacked = join(import.meta.dirname, '../../.tools/redis-debian/root/usr')

function redisProgram(): { path: string; env?: NodeJS.ProcessEnv } {
  const path = join(unpacked, 'bin/redis-server')
  if (!existsSync(path)) return { path: 'redis-server' }
  const folders = readdirSync(join(unpacked, 'lib')).map((one) => join(unpacked, 'lib', one))
  return { path, env: { LD_LIBRARY_PATH: folders.join(':') } }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const outcome = await Promise.race([once(socket, 'connect'), once(socket, 'error')]).catch(
    () => undefined,
  )
  socket.destroy()
  return Array.isArray(outcome) && outcome.length === 0
}

const byDefault = Object.fromEntries(
  Object.entries(settingRows).map(([key, row]) => [
    key,
    row.kind === 'number' ? row.byDefault * row.scale : row.byDefault,
  ]),
) as unknown as Settings

/** A store, and what it counted and told. */
export function storeOn(redisUrl: string, more: Partial<Settings> = {}) {
  const settings: Settings = { ...byDefault, redisUrl, redisTimeoutMs: 500, ...more }
  const metrics = createMetrics(false)
  const signals = new Signals(metrics, clock, settings.healthWindowMs)
  const epochs: EpochReason[] = []
  const onEpoch = (_: string, why: EpochReason) => void epochs.push(why)
  const store = new TieredReplayStore({ settings, clock, metrics, signals, onEpoch })
  const lost = (reason: Parameters<Signals['redisDropped']>[1]) =>
    metrics.redisRecordsLost.of({ reason }).total
  return { store, metrics, epochs, lost, settings }
}

/** Records `first` to `last` of a partition, each with a value that tells which one it is. */
export const records = (partition: number, first: number, last: number, bytes = 0) =>
  Array.from({ length: last - first + 1 }, (_, at) => ({
    partition,
    offset: BigInt(first + at),
    value: valueOf(partition, first + at, bytes),
    threads: [],
  }))

export const valueOf = (partition: number, offset: number | bigint, bytes = 0): Buffer =>
  Buffer.from(`${partition}/${offset}`.padEnd(bytes, '.'))

/** Everything between two offsets, page by page, as a client would be told of it. */
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

export const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at)

/** Also what was added in this turn. */
export async function written(store: TieredReplayStore): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  await until('everything is written', () => store.status()['redis_queue_bytes'] === 0)
}
