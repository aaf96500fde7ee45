/**
 * A storm: load, viewers of every habit and a schedule of troubles, all from one seed, and what
 * was wrong with the relay in it. Every promise of the protocol is held against everything seen.
 */
import { randomUUID } from 'node:crypto'
import { sleep, systemClock as clock } from '../../../relay/world/clock.ts'
import { kafkaClient } from '../../stack/kafka.ts'
import { dice } from '../../world/dice.ts'
import { Testbed, type Place } from '../reference-testbed.ts'
import { areSlotsFree } from '../slots-testbed.ts'
import { judgeDelays, type TroubleWindow } from './judge-delays.ts'
import { judgeSitting } from './judge-sitting.ts'
import { Pulse } from './pulse.ts'
import { Truth } from './truth.ts'
import { Viewer, type Habit } from './viewer.ts'
import { isOfRedis, type Trouble, Weather } from './weather.ts'

/** What a storm did, and everything that was wrong. */
export interface StormReport {
  readonly wrongs: readonly string[]
  readonly counts: Readonly<Record<string, number>>
}

const partitions = 3
const settings = {
  kafkaRequestTimeoutMs: 2_000,
  kafkaSessionTimeoutMs: 6_000,
  kafkaHeartbeatMs: 500,
  lagIntervalMs: 1_000,
  redisTimeoutMs: 500,
  sendTimeoutMs: 3_000,
  replayTimeoutMs: 5_000,
  ringRecordsMax: 1_024,
  replayMemoryRecordsMax: 200,
  connectionsPerIpMax: 12,
  lagDisconnectRecords: 0,
  resumeGraceMs: 1_000,
} as const
const limits = {
  answerMs: settings.replayTimeoutMs + 2 * settings.sendTimeoutMs,
  askMs: 0.8 * settings.resumeGraceMs,
}
const habits: readonly Habit[] = ['stays', 'stays', 'hops', 'hops', 'hops', 'stutters', 'stutters']
/** How long a relay may take until its viewers have everything again. */
const recoveryMs = 25_000
/** How late a record may be while nothing but the replay buffer is in trouble. */
const redisDelayMs = 3_000

export const newSeed = (): string => randomUUID().slice(0, 8)

/** Plays a storm on a relay of its own. */
export async function storm(
  bed: Testbed,
  seed: string,
  schedule: readonly Trouble[],
): Promise<StormReport> {
  const place = await bed.place(settings, partitions, 'proxied')
  const producer = kafkaClient('storm', bed.stack.kafkaDirect).producer()
  await producer.connect()
  const truth = new Truth(clock, dice(`${seed}/load`), producer, place.topic, partitions)
  const play = new Storm(bed, place, seed, truth)
  const loading = truth.run()
  try {
    await play.through(schedule)
    truth.stop()
    await loading
    await play.settle()
    return await play.report()
  } finally {
    truth.stop()
    await loading.catch(() => undefined)
    await play.end()
    await producer.disconnect()
  }
}

class Storm {
  readonly #bed: Testbed
  readonly #place: Place
  readonly #seed: string
  readonly #truth: Truth
  readonly #viewers: readonly Viewer[]
  readonly #pulse: Pulse
  readonly #wrongs: string[] = []
  readonly #redisWindows: TroubleWindow[] = []

  constructor(bed: Testbed, place: Place, seed: string, truth: Truth) {
    this.#bed = bed
    this.#place = place
    this.#seed = seed
    this.#truth = truth
    this.#viewers = habits.map((habit, index) => {
      const name = `viewer ${index} (${habit})`
      return new Viewer(clock, dice(`${seed}/${name}`), name, habit, place.address)
    })
    this.#pulse = new Pulse(clock, place)
  }

  async through(schedule: readonly Trouble[]): Promise<void> {
    for (const viewer of this.#viewers) viewer.start()
    this.#pulse.start()
    await this.#recovered('the start')
    for (const [index, trouble] of schedule.entries()) {
      await this.#pass(trouble, index)
      await this.#recovered(trouble)
    }
  }

  /** Nothing is produced any more; everybody gets what is left. */
  async settle(): Promise<void> {
    for (const viewer of this.#viewers) viewer.calm()
    const everybody = () => this.#haveReached(this.#viewers) && areLive(this.#viewers)
    if (!(await within(recoveryMs, everybody))) this.#wrongs.push('not everybody got everything')
  }

  async report(): Promise<StormReport> {
    const sittings = this.#viewers.flatMap((viewer) => viewer.sittings)
    for (const sitting of sittings) {
      const isLast = this.#viewers.some((viewer) => viewer.sitting === sitting)
      this.#wrongs.push(...judgeSitting(sitting, this.#truth, limits, isLast))
    }
    this.#judgeDelays()
    this.#wrongs.push(...(await this.#pulse.stop()))
    await this.#judgeCounts()
    await this.#judgeSlots()
    await this.#judgeEnd()
    const seen = sittings.flatMap((sitting) => sitting.seen)
    const count = (is: string) => seen.filter((one) => one.is === is).length
    return {
      wrongs: this.#wrongs,
      counts: {
        produced: this.#truth.total,
        connections: sittings.length,
        records: count('record'),
        resumes: count('asked'),
        gaps: count('gap'),
        stale: count('stale'),
        polls: this.#pulse.polls,
      },
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#viewers.map((viewer) => viewer.leave()))
    await this.#pulse.stop()
    await this.#place.relay.stop()
  }

  async #pass(trouble: Trouble, index: number): Promise<void> {
    const { groupId, relay, topic } = this.#place
    const weather = new Weather({
      clock,
      dice: dice(`${this.#seed}/trouble/${index}`),
      stack: this.#bed.stack,
      topic,
      groupId,
      relay: relay.process!,
      onTerminated: (code, tookMs) => this.#terminated(code, tookMs),
    })
    const fromMs = clock.nowMs()
    const hasPulse = trouble !== 'terminated' && trouble !== 'killed' && trouble !== 'frozen'
    if (!hasPulse) await this.#pulse.pause()
    await weather.pass(trouble)
    if (!hasPulse) this.#pulse.go()
    if (isOfRedis(trouble)) this.#redisWindows.push({ fromMs, toMs: clock.nowMs() })
  }

  #terminated(code: number | null, tookMs: number): void {
    if (code === 0 && tookMs <= 15_000) return
    this.#wrongs.push(`SIGTERM ended in ${Math.round(tookMs)} ms with code ${code}`)
  }

  /** Those who stay have everything and are live again: no trouble falls into their replays. */
  async #recovered(after: string): Promise<void> {
    const ends = this.#truth.ends()
    const have = () => this.#haveReached(this.#stays, ends) && areLive(this.#stays)
    if (await within(recoveryMs, have)) return
    this.#wrongs.push(`${recoveryMs} ms after ${after} records had still not arrived`)
  }

  get #stays(): readonly Viewer[] {
    return this.#viewers.filter(({ habit }) => habit === 'stays')
  }

  #haveReached(viewers: readonly Viewer[], ends = this.#truth.ends()): boolean {
    const isGood = (partition: number, offset: bigint) =>
      this.#truth.at(partition, offset)?.crc !== undefined
    return viewers.every((viewer) => viewer.hasReached(ends, isGood))
  }

  /** Only of those who stay: the others may have been away when a record came. */
  #judgeDelays(): void {
    for (const { name, sittings } of this.#stays) {
      const seen = sittings.flatMap((sitting) => sitting.seen)
      const wrongs = judgeDelays(seen, this.#truth, this.#redisWindows, redisDelayMs)
      this.#wrongs.push(...wrongs.map((wrong) => `${name}: ${wrong}`))
    }
  }

  /** Every record that was taken has exactly one outcome. */
  async #judgeCounts(): Promise<void> {
    const { metrics } = (await this.#place.page('/health')) as { metrics: Record<string, number> }
    const read = await this.#place.scrape()
    const missing = read('websocket_kafka_payload_missing_total')
    const outcomes = read('websocket_kafka_messages_total') + missing
    const received = metrics['kafka_messages_received']
    if (received === outcomes && outcomes > 0) return
    this.#wrongs.push(`${received} records were received, but ${outcomes} have an outcome`)
  }

  /** After all have left, as many as may can come again, and not one more. */
  async #judgeSlots(): Promise<void> {
    await Promise.all(this.#viewers.map((viewer) => viewer.leave()))
    const areFree = await areSlotsFree(this.#place, settings.connectionsPerIpMax)
    if (!areFree) this.#wrongs.push('one more than the limit was let in')
  }

  /** A clean stop leaves nothing to be read twice and skips nothing. */
  async #judgeEnd(): Promise<void> {
    const ended = await this.#place.relay.process!.kill('SIGTERM', 20_000)
    if (ended.code !== 0) this.#wrongs.push(`the last SIGTERM ended with code ${ended.code}`)
    for (const [partition, end] of this.#truth.ends()) {
      const committed = await this.#bed.committed(this.#place.topic, partition)
      if (committed === String(end) || end === 0n) continue
      this.#wrongs.push(`of partition ${partition} ${committed} is committed, its end is ${end}`)
    }
  }
}

/** Whether all of them are connected, and none waits for the answer to a resume. */
const areLive = (viewers: readonly Viewer[]): boolean =>
  viewers.every(({ sitting }) => sitting?.isAnswered === true)

/** Whether it holds in time. */
async function within(limitMs: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
  const endMs = clock.nowMs() + limitMs
  while (!(await holds())) {
    if (clock.nowMs() > endMs) return false
    await sleep(clock, 50)
  }
  return true
}
