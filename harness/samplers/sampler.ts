/**
 * What all samplers share: a loop that asks, under a deadline, never twice at a time, and that
 * says `trouble` when it cannot. A sampler starts nothing that outlives its `stop`.
 */
import { sleep, type Clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import type { Journal } from '../history/journal.ts'

export interface SamplerWorld {
  readonly clock: Clock
  readonly journal: Journal
}

export interface Sampler {
  /** Takes a last sample and gives everything back. Idempotent, never rejects. */
  stop(): Promise<void>
}

export interface Sampling {
  /** Names the sampler in `trouble` events. */
  readonly name: string
  readonly everyMs: number
  /** Deadline of one sample. */
  readonly limitMs: number
  /** Takes one sample and writes it down. What it throws becomes `trouble`. */
  sample(signal: AbortSignal): Promise<void>
  /** Runs after the last sample; may take `limitMs`. */
  readonly close?: () => Promise<void>
}

/** The same trouble is recorded at most this often; then only what is new. */
const troublesMax = 20

/** Samples immediately and then every `everyMs`; a sample that takes longer delays the next one. */
export function startSampling(world: SamplerWorld, sampling: Sampling): Sampler {
  const { clock } = world
  const { name, everyMs, limitMs } = sampling
  const stopping = new AbortController()
  const tell = troubleTeller(world, name)
  const run = async () => {
    for (let isLast = false; !isLast; ) {
      isLast = stopping.signal.aborted
      const startedMs = clock.nowMs()
      await withDeadline(clock, limitMs, `a sample of ${name}`, (signal) =>
        sampling.sample(signal),
      ).catch(tell)
      const dueMs = Math.max(clock.nowMs(), startedMs + everyMs)
      const restMs = Math.max(0, dueMs - clock.nowMs())
      if (!isLast) await sleep(clock, restMs, stopping.signal).catch(() => undefined)
      const lateMs = clock.nowMs() - dueMs
      if (lateMs >= everyMs) tellMissed(world, name, lateMs, Math.floor(lateMs / everyMs))
    }
    const { close } = sampling
    if (close === undefined) return
    await withDeadline(clock, limitMs, `the end of ${name}`, () => close()).catch(tell)
  }
  const running = run()
  return {
    stop() {
      stopping.abort(new Error(`${name} was stopped`))
      return running
    },
  }
}

/** Samples that were not taken because this process itself stood still. */
export function tellMissed(world: SamplerWorld, name: string, lateMs: number, missed = 1): void {
  const { journal } = world
  journal.write(['strain', journal.now(), name, Math.round(lateMs), missed, 0])
}

/** Writes errors as `trouble`, each message a limited number of times. */
export function troubleTeller(world: SamplerWorld, where: string): (error: unknown) => void {
  const told = new Map<string, number>()
  return (error) => {
    const what = error instanceof Error ? error.message : String(error)
    const times = (told.get(what) ?? 0) + 1
    if (told.size >= troublesMax && times === 1) return
    told.set(what, times)
    if (times <= troublesMax) world.journal.write({
      kind: 'trouble',
      t: world.journal.now(),
      where,
      what,
    })
  }
}
