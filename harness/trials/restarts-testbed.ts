/**
 * A relay that is asked to end at random moments. A scenario covers relays in use; relays that are
 * still starting are covered here, because a fault waits until the relay is ready again.
 */
import { join } from 'node:path'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { scenario, type Scenario } from '../dsl/scenario.ts'
import { retainsAll } from '../dsl/words.ts'
import type { Exit, OwnedChild } from '../world/owned-child.ts'
import { dice } from '../world/dice.ts'
import { freePort } from '../world/ports.ts'
import { contractOf } from '../targets/environment.ts'
import { Client } from '../wire/relay-client.ts'
import { many, record } from './records-testbed.ts'
import type { Testbed } from './reference-testbed.ts'
import { announcing, onceItLoads, startRelay } from './relay-process-testbed.ts'
import { repeat, until } from './until-testbed.ts'

/** One start of the relay: how long it was left alone, and how it ended. */
export interface Life {
  readonly phaseMs: number
  readonly tookMs: number
  readonly exit: Exit
}
export interface Lives {
  readonly lives: readonly Life[]
  /** Records from the first one on that the relay ever read, and those of them that clients got. */
  readonly owed: number
  readonly replayed: number
}

/** From before its first module to well after it has joined its group. */
const phaseMsMax = 2_500
/** Longer than any relay may take. */
const graceMs = 20_000
const resumeAll = JSON.stringify({ type: 'resume', from: 'earliest' })

/** Ends a relay while it starts, so often, and then asks one that stays for all records. */
export async function endEarly(bed: Testbed, seed: string, times: number): Promise<Lives> {
  const topic = `restarts-${seed}`
  await bed.topics.create(topic, 1)
  await bed.topics.create(`${topic}-dlq`, 1)
  const port = await freePort(topic)
  const first = await firstUse(bed, topic, port)
  let number = 0
  const stop = repeat(20, async () => bed.produce(topic, [record((number += 1))]))
  const phases = dice(seed)
  const lives: Life[] = []
  while (lives.length < times) {
    const phaseMs = phases.int(phaseMsMax)
    const child = await launch(bed, topic, port)
    await sleep(clock, phaseMs)
    const startMs = clock.nowMs()
    const exit = await child.stop(graceMs)
    lives.push({ phaseMs, tookMs: Math.round(clock.nowMs() - startMs), exit })
  }
  await stop()
  const [partition] = await bed.topics.ends(topic)
  const owed = Number(partition?.end) - first
  return { lives, owed, replayed: await replayedOf(bed, topic, port, { first, owed }) }
}

/**
 * Uses a relay until it has read a record, and returns its offset: a new group begins somewhere,
 * and from there on nothing may be skipped.
 */
async function firstUse(bed: Testbed, topic: string, port: number): Promise<number> {
  const relay = await launch(bed, topic, port)
  const client = await opened(port)
  await until('it to read', async () => {
    await bed.produce(topic, many(1))
    return client.deliveries.length > 0
  })
  await relay.stop(graceMs)
  return Number(client.offsets(0)[0])
}

/** How many different records from `first` on a client gets that asks for all. */
async function replayedOf(
  bed: Testbed,
  topic: string,
  port: number,
  { first, owed }: { first: number; owed: number },
): Promise<number> {
  const last = await launch(bed, topic, port)
  const client = await opened(port)
  // What the relay has still to read comes live, behind the replay.
  client.send(resumeAll)
  const got = () => new Set(client.offsets(0).filter((offset) => offset >= BigInt(first))).size
  await until('all records', () => got() >= owed).catch(() => undefined)
  const replayed = got()
  client.end()
  await last.stop(graceMs)
  return replayed
}

async function opened(port: number): Promise<Client> {
  let client: Client | undefined
  await until('a client to be let in', async () => {
    client = new Client(`127.0.0.1:${port}`)
    return client.opened
  })
  return client as Client
}

/** Before its first line has run, a process has the system's own answer to a signal: it dies. */
export const launch = (bed: Testbed, topic: string, port: number): Promise<OwnedChild> =>
  startRelay(bed.world, {
    env: contractOf(bed.task(topic), port),
    before: announcing(/\/relay\/run\.ts$/),
    ready: onceItLoads,
    logFile: join(bed.world.makeFolder('restarts'), 'relay.log'),
  })

/** A relay in use that is asked to stop so often, at moments that follow from the seed. */
export function restartsAt(seed: string, times: number): Scenario {
  const moments = dice(seed)
  const lives = Array.from({ length: times }, (_, at) => ({ at, ms: moments.int(1_500) }))
  return scenario({
    name: 'restarts-at-any-moment',
    claim: 'Whenever a relay is asked to stop, it ends in order, and nothing is lost.',
    suites: [],
    topic: { partitions: 2 },
    relay: {
      resumeGraceMs: 2_000,
      commitIntervalMs: 500,
      kafkaSessionTimeoutMs: 6_000,
      kafkaHeartbeatMs: 500,
      ...retainsAll,
      lagDisconnectRecords: 0,
      lagIntervalMs: 1_000,
    },
    load: { recordsPerSecond: 200, payloadBytes: 512, threads: 12 },
    fleet: { returning: { count: 2, reads: 'fast', reconnects: true } },
    phases: () =>
      lives.flatMap(({ at, ms }) => [
        { name: `life-${at}`, ms },
        { name: `stopped-${at}`, ms: 50, faults: [{ fault: 'restart-relay' }] },
        { name: `back-${at}`, ms: 100, awaitsArrivalMs: graceMs },
      ]),
    expect: () => ({
      'v35-8': [
        { check: 'shutdown-completes', limitMs: 15_000, groups: ['returning'], timesMin: times },
      ],
    }),
  })
}
