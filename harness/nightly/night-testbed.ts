/** Nights on a clock that only moves when something is run. */
import type { Clock } from '../../relay/world/clock.ts'
import type { Night, NightEntry, PartName } from '../../reports/render/night.ts'
import type { Found, Part } from './night.ts'
import { playNight } from './night.ts'
import type { Unit } from './queue.ts'

/** A clock that stands still until it is moved. */
export function standingClock(): Clock & { move(ms: number): void } {
  let nowMs = 1_000
  const never = () => {
    throw new Error('nothing waits on this clock')
  }
  return {
    nowMs: () => nowMs,
    unixMs: () => Date.UTC(2026, 0, 1) + nowMs,
    after: never,
    every: never,
    move: (ms: number) => void (nowMs += ms),
  }
}

export const unitOf = (name: string, estimatedMs: number): Unit => ({
  name,
  estimatedMs,
  reproduce: `repeat ${name}`,
})

export interface TriedPart {
  readonly name: PartName
  readonly weight?: number
  readonly units?: readonly Unit[]
  readonly more?: (number: number) => Unit
  readonly lacks?: string
  /** What a unit really takes; default is as estimated. */
  readonly tookMs?: (unit: Unit) => number
  readonly outcome?: (unit: Unit) => NightEntry['outcome']
  readonly throws?: string
}

export interface Tried {
  readonly night: Night
  /** Names of what was run, in order. */
  readonly ran: readonly string[]
}

/** Plays parts of which each unit only takes time. */
export async function tryNight(
  all: readonly TriedPart[],
  budgetMs: number,
  { before, signal = new AbortController().signal }: { before?: Night; signal?: AbortSignal } = {},
): Promise<Tried> {
  const clock = standingClock()
  const ran: string[] = []
  const parts = all.map((tried): Part => {
    const { name, weight = 1, units = [], more, lacks, throws } = tried
    return {
      name,
      says: name,
      weight,
      units,
      ...(more && { more }),
      ...(lacks !== undefined && { lacks }),
      play(queue) {
        const found: Found[] = []
        for (let unit = queue.next(); unit !== undefined; unit = queue.next()) {
          if (throws !== undefined) throw new Error(throws)
          ran.push(unit.name)
          clock.move(tried.tookMs?.(unit) ?? unit.estimatedMs)
          const outcome = tried.outcome?.(unit) ?? 'pass'
          found.push({ unit, outcome, why: 'as it is', took: unit.estimatedMs / 1_000 })
        }
        return Promise.resolve({ found })
      },
    }
  })
  const night = await playNight({
    clock,
    signal,
    budgetMs,
    parts,
    before,
    seed: 's',
    version: 'v',
    machine: { cores: 2, processor: 'p', memoryBytes: 8e9, kernel: 'k' },
    reproduce: 'repeat all',
    line: () => undefined,
  })
  return { night, ran }
}
