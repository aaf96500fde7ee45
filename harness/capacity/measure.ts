/** One measurement: one candidate under one load, from start to stop. */
import { sleep } from '../../relay/world/clock.ts'
import { readLoopDelay, type Candidate, type LoopDelay } from './candidates.ts'
import type { BenchLoad, FlatOutLoad, PacedLoad } from './loads.ts'
import { type MachineTimes, machineTimes, sumOfTimes, timesBetween } from './machine.ts'
import { readProfile, type ProfileShare } from './profile.ts'
import type { Lane, ReaderReport } from './readers.ts'
import { openSite, type BenchPlace, type Site } from './site.ts'

/** What happened while the clock ran. */
interface Span {
  readonly deliveries: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly readersCpuSeconds: number
  /** Records that Kafka took, against those that the load promises. */
  readonly sent: number
  readonly promised: number
  readonly loop?: LoopDelay
  readonly machine?: MachineTimes
}
/** All spans of a load, with or without background load, and how long deliveries took in them. */
export interface Tally extends Span {
  /** From the producer's stamp, in ms. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
}
export interface Measurement extends Tally {
  /** The same without background load, in turns with it. */
  readonly without?: Tally
  /** Replays that were complete in the background, or stalled clients that were closed. */
  readonly backgroundTurns: number
  readonly lost: number
  /** Frames that were neither cursor nor record, and connections that were lost. */
  readonly others: number
  readonly closed: number
  readonly rssBytes: number
  /** Resident memory that each connection took, once the process was warm. */
  readonly connectionBytes: number
  readonly profile?: readonly ProfileShare[]
}

/** A process that has just begun compiles for some seconds while it works. */
const warmUpMs = 6_000
/** Until the memory of connections that were opened or got their first bytes is what it stays. */
const idleMs = 2_500
const tickMs = 3
const quietMs = 3_000
/** Turns with and turns without background load: noise that lasts hits both. */
const turnPairs: Readonly<Record<Candidate, number>> = { relay: 3, plain: 1 }
/** How far records at a rate may be behind when the rate ends; what comes later counts as lost. */
const behindMsMax = 4_000
/** Between turns: connections open, Redis is reconnected. */
const turnMs = 700

/** Starts everything, measures, and ends what it started. */
export async function measure(
  place: BenchPlace,
  who: Candidate,
  name: string,
  load: BenchLoad,
): Promise<Measurement> {
  const site = await openSite(place, who, name, load)
  let result: Measurement
  const fromMs = site.clock.nowMs()
  try {
    const connectionBytes = await connect(site, load)
    const run = new Run(site, who, load)
    if (load.kind === 'paced') await run.pace(load)
    else if (load.kind === 'flat-out') await run.flatOut(load)
    result = await run.result(connectionBytes)
  } finally {
    await site.close()
  }
  if (!place.isProfiled || who !== 'relay') return result
  const folder = `${place.logFolder}/bench-${name}-${who}`
  return { ...result, profile: await readProfile(folder, fromMs) }
}

/**
 * Opens all connections.
 *
 * @returns what each of the later ones took: the first also pay for a process that warms up
 */
async function connect({ ask, clock, started, usage }: Site, load: BenchLoad): Promise<number> {
  const { port } = started
  const first = Math.ceil(load.clients / 5)
  await ask({ do: 'connect', port, count: first })
  await sleep(clock, load.kind === 'idle' ? idleMs : 0)
  const before = await usage()
  const count = load.clients - first
  if (count > 0) await ask({ do: 'connect', port, count })
  await sleep(clock, load.kind === 'idle' ? idleMs : 300)
  const { rssBytes } = await usage()
  return Math.round((rssBytes - before.rssBytes) / Math.max(1, count))
}

/** One load on one site. */
class Run {
  readonly #site: Site
  readonly #who: Candidate
  readonly #load: BenchLoad
  readonly #spans: Record<Lane, Span[]> = { without: [], with: [] }
  /** Records that Kafka has. */
  #acked = 0

  constructor(site: Site, who: Candidate, load: BenchLoad) {
    this.#site = site
    this.#who = who
    this.#load = load
  }

  async pace(load: PacedLoad): Promise<void> {
    const { clock } = this.#site
    const stop = new AbortController()
    const pacing = this.#sendAtRate(load.recordsPerSecond, stop.signal)
    await sleep(clock, warmUpMs)
    const promised = load.recordsPerSecond * load.seconds
    await this.#inTurns((lane) =>
      this.#span(lane, promised, () => sleep(clock, load.seconds * 1_000)),
    )
    stop.abort()
    await pacing
    await this.#arrived(behindMsMax)
  }

  async flatOut(load: FlatOutLoad): Promise<void> {
    await this.#sendAll(100)
    await this.#arrived()
    await this.#inTurns((lane) =>
      this.#span(lane, load.records, async () => {
        await this.#sendAll(load.records)
        return this.#arrived()
      }),
    )
  }

  async result(connectionBytes: number): Promise<Measurement> {
    const last = await this.#site.ask({ do: 'read', lane: 'with' })
    const { rssBytes } = await this.#site.usage()
    const { without, with: background } = this.#spans
    const hasBackground = background.length > 0
    const tally = await this.#sum(hasBackground ? 'with' : 'without')
    return {
      ...tally,
      ...(hasBackground && { without: await this.#sum('without') }),
      backgroundTurns: last.backgroundTurns,
      lost: without.length === 0 ? 0 : this.#acked * this.#load.clients - last.records,
      others: last.others,
      closed: this.#load.clients - last.open,
      rssBytes,
      connectionBytes,
    }
  }

  /** Without and with background load, by turns; or once, if there is none. */
  async #inTurns(turn: (lane: Lane) => Promise<void>): Promise<void> {
    if (this.#load.background === undefined) return turn('without')
    for (let i = 0; i < turnPairs[this.#who]; i += 1) {
      for (const lane of ['without', 'with'] as const) {
        await this.#site.background(lane === 'with')
        await sleep(this.#site.clock, turnMs)
        await turn(lane)
      }
    }
    await this.#site.background(false)
  }

  /** Measures while `work` goes on; it may say when the end was. */
  async #span(
    lane: Lane,
    promised: number,
    work: () => Promise<number | void>,
  ): Promise<void> {
    const { ask } = this.#site
    await this.#loopDelay()
    const from = await this.#totals()
    await ask({ do: 'lane', lane })
    const endMs = await work()
    const to = await this.#totals()
    await ask({ do: 'lane', lane: undefined })
    const loop = await this.#loopDelay()
    this.#spans[lane].push({
      deliveries: to.report.records - from.report.records,
      seconds: ((endMs ?? to.atMs) - from.atMs) / 1_000,
      cpuSeconds: (to.cpuMicros - from.cpuMicros) / 1_000_000,
      readersCpuSeconds: (to.readersMicros - from.readersMicros) / 1_000_000,
      sent: to.acked - from.acked,
      promised,
      ...(loop !== undefined && { loop }),
      ...(from.machine && to.machine && { machine: timesBetween(from.machine, to.machine) }),
    })
  }

  async #totals() {
    const { ask, clock, readersUsage, usage } = this.#site
    const { cpuMicros } = await usage()
    const { cpuMicros: readersMicros } = await readersUsage()
    const report = await ask({ do: 'read', lane: 'without' })
    const machine = await machineTimes()
    return { cpuMicros, readersMicros, machine, report, acked: this.#acked, atMs: clock.nowMs() }
  }

  /** The baseline relay does not measure its event loop. */
  async #loopDelay(): Promise<LoopDelay | undefined> {
    return this.#who === 'relay' ? readLoopDelay(this.#site.started) : undefined
  }

  async #sum(lane: Lane): Promise<Tally> {
    const { p50, p99, p999 } = await this.#site.ask({ do: 'read', lane })
    return { ...sumOf(this.#spans[lane]), p50, p99, p999 }
  }

  /** Sends what is due every few milliseconds, without waiting for what was sent before. */
  async #sendAtRate(perSecond: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#site
    const startMs = clock.nowMs()
    let sent = 0
    const underWay = new Set<Promise<void>>()
    while (!signal.aborted) {
      const due = Math.floor(((clock.nowMs() - startMs) * perSecond) / 1_000) - sent
      if (due > 0) {
        const sending = this.#sendOne(due).finally(() => underWay.delete(sending))
        underWay.add(sending)
        sent += due
      }
      await sleep(clock, tickMs)
    }
    await Promise.all(underWay)
  }

  async #sendAll(count: number): Promise<void> {
    const batch = 500
    for (let sent = 0; sent < count; sent += batch) {
      await this.#sendOne(Math.min(batch, count - sent))
    }
  }

  async #sendOne(count: number): Promise<void> {
    await this.#site.send(count)
    this.#acked += count
  }

  /** Waits until all has arrived, or nothing has for a while. @returns when the last one came */
  async #arrived(limitMs = Infinity): Promise<number> {
    const { ask, clock } = this.#site
    const endMs = clock.nowMs() + limitMs
    const expected = this.#acked * this.#load.clients
    let seenMs = clock.nowMs()
    let seen = -1
    for (;;) {
      const { records }: ReaderReport = await ask({ do: 'read', lane: 'without' })
      if (records > seen) seenMs = clock.nowMs()
      seen = records
      const isQuiet = clock.nowMs() - seenMs > quietMs
      if (records >= expected || isQuiet || clock.nowMs() > endMs) return seenMs
      await sleep(clock, 20)
    }
  }
}

/** All spans as one; the event loop at its worst. */
function sumOf(spans: readonly Span[]): Span {
  const add = (key: 'deliveries' | 'seconds' | 'cpuSeconds' | 'readersCpuSeconds' | 'sent') =>
    spans.reduce((sum, span) => sum + span[key], 0)
  const loops = spans.flatMap(({ loop }) => loop ?? [])
  const machines = spans.flatMap(({ machine }) => machine ?? [])
  const worst = (key: keyof LoopDelay) => Math.max(...loops.map((loop) => loop[key]))
  return {
    deliveries: add('deliveries'),
    seconds: add('seconds'),
    cpuSeconds: add('cpuSeconds'),
    readersCpuSeconds: add('readersCpuSeconds'),
    sent: add('sent'),
    promised: spans.reduce((sum, { promised }) => sum + promised, 0),
    ...(loops.length > 0 && { loop: { p99Ms: worst('p99Ms'), maxMs: worst('maxMs') } }),
    ...(machines.length > 0 && { machine: sumOfTimes(machines) }),
  }
}
