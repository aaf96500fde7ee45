/**
 * A relay that is told to end at random moments and started again, while records flow and viewers
 * come back with their cursors: whatever the moment, no record may be lost to them.
 */
import { join } from 'node:path'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { kafkaClient } from '../stack/kafka.ts'
import type { Exit, OwnedChild } from '../world/owned-child.ts'
import { dice } from '../world/dice.ts'
import { freePort } from '../world/ports.ts'
import { contractOf } from '../targets/environment.ts'
import { judgeSitting } from './invariants/judge-sitting.ts'
import { Truth } from './invariants/truth.ts'
import { Viewer } from './invariants/viewer.ts'
import type { Testbed } from './reference-testbed.ts'
import { announcing, onceItLoads, startRelay } from './relay-process-testbed.ts'
import { until } from './until-testbed.ts'

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
/** Lives that are counted from the start take longer: they may end before anything is read. */
const phaseMsMax = { inUse: 1_000, fromStart: 2_500 } as const
/** Longer than any relay may take. */
const graceMs = 20_000
/** Less than the second that a relay gives a new client to resume. */
const askMs = 800

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
  try {
    const lives = await liveAndDie(bed, topic, port, { seed, times, viewers, truth })
    const last = await launch(bed, topic, port)
    truth.stop()
    await loading
    const wrongs = await judge(viewers, truth)
    await last.stop(graceMs)
    return { lives, produced: truth.total, wrongs }
  } finally {
    truth.stop()
    await loading
    await Promise.all(viewers.map((viewer) => viewer.leave()))
    await producer.disconnect()
  }
}

interface Course {
  readonly seed: string
  readonly times: number
  readonly viewers: readonly Viewer[]
  readonly truth: Truth
}

/**
 * Every other life is counted from when the viewers have all there is: of one that ended before it
 * was of use to anybody, nothing can be lost.
 */
async function liveAndDie(
  bed: Testbed,
  topic: string,
  port: number,
  { seed, times, viewers, truth }: Course,
): Promise<Life[]> {
  const phases = dice(seed)
  const lives: Life[] = []
  for (let life = 0; life < times; life += 1) {
    const isInUse = life % 2 === 0
    const phaseMs = phases.int(isInUse ? phaseMsMax.inUse : phaseMsMax.fromStart)
    const child = await launch(bed, topic, port)
    if (isInUse) await allReached(viewers, truth)
    await sleep(clock, phaseMs)
    const startMs = clock.nowMs()
    const exit = await child.stop(graceMs)
    lives.push({ phaseMs, tookMs: Math.round(clock.nowMs() - startMs), exit })
  }
  return lives
}

/** Waits until all viewers have what there is by now. */
function allReached(viewers: readonly Viewer[], truth: Truth): Promise<void> {
  const ends = truth.ends()
  const isGood = (of: number, offset: bigint) => truth.at(of, offset)?.crc !== undefined
  return until('all records', () => viewers.every((one) => one.hasReached(ends, isGood)))
}

/** One that is owed every record from the first one on. */
function newViewer(name: string, seed: string, port: number): Viewer {
  const cursors = new Map(Array.from({ length: partitions }, (_, at) => [at, -1n]))
  const address = `127.0.0.1:${port}`
  return new Viewer(clock, dice(`${seed}/${name}`), name, 'stays', address, cursors)
}

/** Before its first line has run, a process has the system's own answer to a signal: it dies. */
export const launch = (bed: Testbed, topic: string, port: number): Promise<OwnedChild> =>
  startRelay(bed.world, {
    env: contractOf(bed.task(topic), port),
    before: announcing(/\/relay\/run\.ts$/),
    ready: onceItLoads,
    logFile: join(bed.world.makeFolder('restarts'), 'relay.log'),
  })

/** The last record of a replay comes before the frame that ends it. */
function isAnswered({ sitting }: Viewer): boolean {
  const seen = sitting?.seen ?? []
  const asked = seen.findLastIndex(({ is }) => is === 'asked')
  return seen.findLastIndex(({ is }) => answers.has(is)) >= asked
}
const answers: ReadonlySet<string> = new Set(['complete', 'error', 'closed'])

/** Waits until everybody has everything, and looks at all that they saw. */
async function judge(viewers: readonly Viewer[], truth: Truth): Promise<readonly string[]> {
  const late = await allReached(viewers, truth)
    .then(() => until('all answers', () => viewers.every(isAnswered)))
    .then(
      () => [],
      (error: Error) => [error.message],
    )
  const wrongs = viewers.flatMap((viewer) =>
    viewer.sittings.flatMap((sitting) => {
      const isLast = sitting === viewer.sitting
      const told = sitting.seen.filter(({ is }) => is === 'gap' || is === 'stale')
      const losses = told.map((one) => `${viewer.name} was told of a ${one.is}`)
      return [...judgeSitting(sitting, truth, { answerMs: graceMs, askMs }, isLast), ...losses]
    }),
  )
  return [...late, ...wrongs]
}
