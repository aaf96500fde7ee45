/**
 * A relay that is told to end at random moments and started again, while records flow and clients
 * come back with their cursors: whatever the moment, no record may be lost to them.
 */
import { join } from 'node:path'
import { sleep } from '../../relay/world/clock.ts'
import { startChild, type Exit, type OwnedChild } from '../world/child.ts'
import { dice } from '../world/dice.ts'
import { repoRoot } from '../world/places.ts'
import { holdPorts } from '../world/ports.ts'
import { Client } from './client.ts'
import { record } from './records.ts'
import type { Testbed } from './reference-testbed.ts'
import { until } from './until.ts'

/** One life of the relay: how long it was left alone, and how it ended. */
export interface Life {
  readonly phaseMs: number
  readonly tookMs: number
  readonly exit: Exit
}
export interface Outcome {
  readonly lives: readonly Life[]
  readonly produced: number
  /** Records that a client never got, and what it was told of losses. */
  readonly lost: readonly string[]
}

const partitions = 2
const phaseMsMax = 2_500
/** Longer than any relay may take. */
const graceMs = 20_000
const comeBackMs = 50

/** A client that comes back with its cursors whenever it was disconnected. */
class Follower {
  readonly #bed: Testbed
  readonly #address: string
  readonly #clients: Client[] = []
  readonly #over = new AbortController()
  readonly #done: Promise<void>

  constructor(bed: Testbed, address: string) {
    this.#bed = bed
    this.#address = address
    this.#done = this.#follow()
  }

  offsets(partition: number): Set<bigint> {
    return new Set(this.#clients.flatMap((client) => client.offsets(partition)))
  }

  /** What it was told that it will not get. */
  gaps(): readonly Record<string, unknown>[] {
    const told = this.#clients.flatMap(({ frames }) => frames)
    return told.filter(({ type }) => type === 'gap' || type === 'cursor_stale')
  }

  async end(): Promise<void> {
    this.#over.abort()
    this.#clients.at(-1)?.end()
    await this.#done
  }

  async #follow(): Promise<void> {
    const { clock } = this.#bed.world
    while (!this.#over.signal.aborted) {
      const resume = this.#resume()
      const client = new Client(this.#address)
      await until('an answer', () => client.isOpen || client.refusedWith !== undefined)
      if (client.isOpen) {
        this.#clients.push(client)
        client.send(resume)
      }
      const isThere = () => client.isOpen && !client.isEnded
      do await sleep(clock, comeBackMs)
      while (isThere() && !this.#over.signal.aborted)
    }
  }

  #resume(): string {
    const cursors = Array.from({ length: partitions }, (_, partition) => {
      const last = [...this.offsets(partition)].reduce((a, b) => (a > b ? a : b), -1n)
      return [partition, String(last)]
    })
    const isNew = cursors.every(([, last]) => last === '-1')
    if (isNew) return '{"type":"resume","from":"earliest","lastOffsetsByPartition":{}}'
    return JSON.stringify({ type: 'resume', lastOffsetsByPartition: Object.fromEntries(cursors) })
  }
}

/** Ends and starts a relay so often, and tells what its clients have lost. */
export async function restart(bed: Testbed, seed: string, times: number): Promise<Outcome> {
  const topic = `restarts-${seed}`
  await bed.topics.create(topic, partitions)
  await bed.topics.create(`${topic}-dlq`, 1)
  const port = await freePort(topic)
  const followers = [0, 1].map(() => new Follower(bed, `127.0.0.1:${port}`))
  const load = new Load(bed, topic)
  const phases = dice(seed)
  const lives: Life[] = []
  for (let life = 0; life < times; life += 1) {
    lives.push(await live(bed, topic, port, phases.int(phaseMsMax)))
  }
  const last = await launch(bed, topic, port)
  const ends = await load.end()
  const lost = await missing(followers, ends)
  await Promise.all(followers.map((one) => one.end()))
  await last.stop(graceMs)
  return { lives, produced: ends.reduce((sum, count) => sum + count, 0), lost }
}

/** Records without a pause, in all partitions, until it is told to end. */
class Load {
  readonly #over = new AbortController()
  readonly #ends = Array.from({ length: partitions }, () => 0)
  readonly #done: Promise<void>

  constructor(bed: Testbed, topic: string) {
    this.#done = this.#produce(bed, topic)
  }

  /** @returns how many records were acknowledged, by partition */
  async end(): Promise<readonly number[]> {
    this.#over.abort()
    await this.#done
    return this.#ends
  }

  async #produce(bed: Testbed, topic: string): Promise<void> {
    while (!this.#over.signal.aborted) {
      for (let partition = 0; partition < partitions; partition += 1) {
        const first = this.#ends[partition]!
        const values = Array.from({ length: 10 }, (_, index) => record(first + index, 500))
        await bed.produce(topic, values, partition)
        this.#ends[partition] = first + values.length
      }
      await sleep(bed.world.clock, 20)
    }
  }
}

async function live(bed: Testbed, topic: string, port: number, phaseMs: number): Promise<Life> {
  const { clock } = bed.world
  const child = await launch(bed, topic, port)
  await sleep(clock, phaseMs)
  const startMs = clock.nowMs()
  const exit = await child.stop(graceMs)
  return { phaseMs, tookMs: Math.round(clock.nowMs() - startMs), exit }
}

export async function freePort(seed: string): Promise<number> {
  const held = await holdPorts(1, seed)
  await held.release()
  return held.ports[0]!
}

/** Says when the first line of the relay has run. */
const announce = `
  import { registerHooks } from 'node:module'
  import { writeSync } from 'node:fs'
  registerHooks({ load(url, context, next) {
    if (url.endsWith('/relay/run.ts')) writeSync(1, 'has begun\\n')
    return next(url, context)
  } })`

/** Before its first line has run, a process has the system's own answer to a signal: it dies. */
export const launch = (bed: Testbed, topic: string, port: number): Promise<OwnedChild> =>
  startChild(bed.world, {
    role: 'relay',
    command: process.execPath,
    args: [
      '--import',
      `data:text/javascript,${encodeURIComponent(announce)}`,
      join(repoRoot, 'relay/main.ts'),
    ],
    env: {
      KAFKA_BROKERS: bed.stack.kafkaDirect.join(','),
      KAFKA_TOPIC: topic,
      KAFKA_GROUP_ID: `g-${topic}`,
      REDIS_URL: bed.stack.redisDirect,
      WEBSOCKET_PORT: String(port),
    },
    logFile: join(bed.world.makeFolder('restarts'), 'relay.log'),
    ready: { line: (line) => line === 'has begun' },
    deadlineMs: graceMs,
  })

async function missing(followers: readonly Follower[], ends: readonly number[]) {
  const lacking = () =>
    followers.flatMap((one, at) =>
      ends.flatMap((count, partition) => {
        const offsets = one.offsets(partition)
        const wanted = Array.from({ length: count }, (_, offset) => BigInt(offset))
        const absent = wanted.filter((offset) => !offsets.has(offset))
        if (absent.length === 0) return []
        return [`client ${at} lacks ${absent.length} of ${partition}, from ${absent[0]} on`]
      }),
    )
  await until('all records', () => lacking().length === 0).catch(() => undefined)
  const gaps = followers.flatMap((one) => one.gaps())
  return [...lacking(), ...gaps.map((gap) => JSON.stringify(gap))]
}
