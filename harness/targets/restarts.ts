/**
 * A relay that is told to end at random moments and started again, while records flow and viewers
 * come back with their cursors: whatever the moment, no record may be lost to them.
 */
import { join } from 'node:path'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { kafkaClient } from '../stack/kafka.ts'
import type { Exit, OwnedChild } from '../world/child.ts'
import { dice } from '../world/dice.ts'
import { freePort } from '../world/ports.ts'
import { contractOf } from './environment.ts'
import { judgeSitting } from './invariants/judge-sitting.ts'
import { Truth } from './invariants/truth.ts'
import { Viewer } from './invariants/viewer.ts'
import type { Testbed } from './reference-testbed.ts'
import { announcing, onceItLoads, startRelay } from './relay-process.ts'
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
  /** What viewers never got or should not have got, and what they were told of losses. */
  readonly wrongs: readonly string[]
}

const partitions = 2
const phaseMsMax = 2_500
/** Longer than any relay may take. */
const graceMs = 20_000

/** Ends and starts a relay so often, and tells what its viewers have lost. */
export async function restart(bed: Testbed, seed: string, times: number): Promise<Outcome> {
  const topic = `restarts-${seed}`
  await bed.topics.create(topic, partitions)
  await bed.topics.create(`${topic}-dlq`, 1)
  const port = await freePort(topic)
  const producer = kafkaClient(topic, bed.stack.kafkaDirect).producer()
  await producer.connect()
  const truth = new Truth(clock, dice(`${seed}/load`), producer, topic, partitions)
  const viewers = [0, 1].map((at) => newViewer(`viewer ${at}`, seed, port))
  for (const viewer of viewers) viewer.start()
  const loading = truth.run()
  const phases = dice(seed)
  const lives: Life[] = []
  for (let life = 0; life < times; life += 1) {
    lives.push(await live(bed, topic, port, phases.int(phaseMsMax)))
  }
  const last = await launch(bed, topic, port)
  truth.stop()
  await loading
  await producer.disconnect()
  const wrongs = await judge(viewers, truth)
  await last.stop(graceMs)
  return { lives, produced: truth.total, wrongs }
}

/** One that is owed every record from the first one on. */
function newViewer(name: string, seed: string, port: number): Viewer {
  const cursors = new Map(Array.from({ length: partitions }, (_, at) => [at, -1n]))
  const address = `127.0.0.1:${port}`
  return new Viewer(clock, dice(`${seed}/${name}`), name, 'stays', address, cursors)
}

async function live(bed: Testbed, topic: string, port: number, phaseMs: number): Promise<Life> {
  const child = await launch(bed, topic, port)
  await sleep(clock, phaseMs)
  const startMs = clock.nowMs()
  const exit = await child.stop(graceMs)
  return { phaseMs, tookMs: Math.round(clock.nowMs() - startMs), exit }
}

/** Before its first line has run, a process has the system's own answer to a signal: it dies. */
export const launch = (bed: Testbed, topic: string, port: number): Promise<OwnedChild> =>
  startRelay(bed.world, {
    env: contractOf(bed.task(topic), port),
    before: announcing(/\/relay\/run\.ts$/),
    ready: onceItLoads,
    logFile: join(bed.world.makeFolder('restarts'), 'relay.log'),
  })

/** Waits until everybody has everything, and looks at all that they saw. */
async function judge(viewers: readonly Viewer[], truth: Truth): Promise<readonly string[]> {
  const ends = truth.ends()
  const isGood = (of: number, offset: bigint) => truth.at(of, offset)?.crc !== undefined
  const haveAll = () => viewers.every((viewer) => viewer.hasReached(ends, isGood))
  const late = await until('all records', haveAll).then(() => [], (error: Error) => [error.message])
  const wrongs = viewers.flatMap((viewer) =>
    viewer.sittings.flatMap((sitting) => {
      const isLast = sitting === viewer.sitting
      const told = sitting.seen.filter(({ is }) => is === 'gap' || is === 'stale')
      const losses = told.map((one) => `${viewer.name} was told of a ${one.is}`)
      return [...judgeSitting(sitting, truth, { answerMs: graceMs }, isLast), ...losses]
    }),
  )
  await Promise.all(viewers.map((viewer) => viewer.leave()))
  return [...late, ...wrongs]
}
