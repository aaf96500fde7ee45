/**
 * A night: its parts one after another, within a time. The time is shared out by weight; what a
 * part leaves over goes to those behind it. What did not fit is in the result as not run, and the
 * next night begins with it.
 */
import type { Clock } from '../../relay/world/clock.ts'
import type { Night, NightEntry, NightPart, PartName } from '../../reports/render/night.ts'
import { worst } from '../judge/judge.ts'
import type { Machine } from '../world/this-machine.ts'
import { Queue, type Unit } from './queue.ts'

/** What became of a unit; the rest of its entry is known. */
export type Found = Omit<NightEntry, 'part' | 'name' | 'waited' | 'reproduce' | 'seed'> & {
  readonly unit: Unit
  /** Where it is another one than was planned: with fewer parts, for example. */
  readonly reproduce?: string
}

/** What came of a part. */
export interface PartOutcome {
  readonly found: readonly Found[]
  /** Path of its report, from the night's folder. */
  readonly report?: string
  /** Why it ended before its time. */
  readonly trouble?: string
}

/** One part of a night. */
export interface Part {
  readonly name: PartName
  readonly says: string
  /** Weight of its share of the time. */
  readonly weight: number
  readonly units: readonly Unit[]
  /** Units without an end, by their number from 1 on. */
  readonly more?: (number: number) => Unit
  /** Takes what time there is: how long it took before says nothing. */
  readonly isElastic?: boolean
  /** Why nothing of it can be run here. */
  readonly lacks?: string
  play(queue: Queue): Promise<PartOutcome>
}

export interface NightOrder {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly budgetMs: number
  readonly parts: readonly Part[]
  /** The night before, on whatever machine. */
  readonly before: Night | undefined
  readonly seed: string
  readonly version: string
  readonly machine: Machine
  readonly reproduce: string
  /** Prints a line. */
  readonly line: (text: string) => void
}

/** Plays a night to its end. Never throws for what a part could not do. */
export async function playNight(order: NightOrder): Promise<Night> {
  const { clock, before, budgetMs, seed, version, machine, reproduce } = order
  const startedMs = clock.nowMs()
  const startedAt = new Date(clock.unixMs()).toISOString()
  const parts = inTurn(order.parts, before)
  const ends = sharesOf(parts, before, budgetMs)
  const told: NightPart[] = []
  const entries: NightEntry[] = []
  for (const [index, part] of parts.entries()) {
    const untilMs = ends[index] as number
    const played = await playPart(order, part, startedMs, untilMs)
    told.push(played.part)
    entries.push(...played.entries)
  }
  const isInterrupted = order.signal.aborted
  return {
    schemaVersion: 1,
    startedAt,
    tookSeconds: seconds(clock.nowMs() - startedMs),
    budgetSeconds: budgetMs / 1_000,
    seed,
    version,
    machine: { ...machine },
    verdict: verdictOf(entries, isInterrupted),
    isInterrupted,
    reproduce,
    parts: told,
    entries,
  }
}

/** The worst of what was run; a night that ran nothing, or was cut short, has shown nothing. */
function verdictOf(entries: readonly NightEntry[], isInterrupted: boolean): Night['verdict'] {
  const all = entries.flatMap(({ outcome }) => (outcome === 'not-run' ? [] : [outcome]))
  const verdict = worst(all)
  if (verdict === 'not-applicable') return 'unknown'
  return isInterrupted && verdict === 'pass' ? 'unknown' : verdict
}

const seconds = (ms: number) => Math.round(ms / 100) / 10
/** What failed once is looked at first. */
const isFirst = ({ name }: Part) => name === 'kept'
/** Whether there is anything to play of it. */
const isPlayable = ({ lacks, units, more }: Part) =>
  lacks === undefined && (units.length > 0 || more !== undefined)

/** Whether nothing of a part was run in the night before, although it was there. */
function isStarved({ name }: Part, before: Night | undefined): boolean {
  const own = before?.entries.filter(({ part }) => part === name) ?? []
  return own.length > 0 && own.every(({ outcome }) => outcome === 'not-run')
}

/** Kept seeds, then parts that got nothing the night before. One without an end stays the last. */
function inTurn(parts: readonly Part[], before: Night | undefined): Part[] {
  const rank = (part: Part) =>
    isFirst(part) ? 0 : part.more === undefined && isStarved(part, before) ? 1 : 2
  return parts.toSorted((a, b) => rank(a) - rank(b))
}

/**
 * When the share of each part is over, from the start of the night. A part that got nothing the
 * night before has at least the time for its shortest unit, as long as there is that much.
 */
export function sharesOf(
  parts: readonly Part[],
  before: Night | undefined,
  budgetMs: number,
): number[] {
  const weights = parts.map((part) => (isPlayable(part) ? part.weight : 0))
  const sum = weights.reduce((all, one) => all + one, 0) || 1
  let freeMs = budgetMs
  const least = parts.map((part, index) => {
    if (!isPlayable(part) || !isStarved(part, before)) return 0
    const shareMs = ((weights[index] as number) / sum) * budgetMs
    const needed = Math.max(shareMs, shortestMs(part))
    if (needed > freeMs) return 0
    freeMs -= needed
    return needed
  })
  const others = weights.reduce((all, one, index) => all + (least[index] === 0 ? one : 0), 0) || 1
  let endMs = 0
  return parts.map((_, index) => {
    const own = least[index] as number
    endMs += own > 0 ? own : ((weights[index] as number) / others) * freeMs
    return Math.min(budgetMs, endMs)
  })
}

function shortestMs({ units, more }: Part): number {
  const all = units.map(({ estimatedMs }) => estimatedMs)
  return Math.min(...(all.length > 0 ? all : [more?.(1).estimatedMs ?? 0]))
}

/** Those first that waited longest; what the night before did not know has never been run. */
export function rotated(
  units: readonly Unit[],
  name: PartName,
  before: Night | undefined,
): readonly Unit[] {
  if (before === undefined) return units
  return units.toSorted((a, b) => waitOf(before, name, b.name) - waitOf(before, name, a.name))
}

/** What the night before did not know has waited as well. */
const waitOf = (before: Night, part: PartName, name: string): number =>
  entryOf(before, part, name)?.waited ?? 1

const entryOf = ({ entries }: Night, part: PartName, name: string): NightEntry | undefined =>
  entries.find((one) => one.part === part && one.name === name)

interface PlayedPart {
  readonly part: NightPart
  readonly entries: readonly NightEntry[]
}

async function playPart(
  order: NightOrder,
  part: Part,
  startedMs: number,
  untilMs: number,
): Promise<PlayedPart> {
  const { clock, signal, before, budgetMs, line } = order
  const { name, says, lacks } = part
  const beganMs = clock.nowMs()
  const queue = new Queue({
    clock,
    signal,
    units: rotated(part.units, name, before).map((unit) => estimated(part, unit, before)),
    ...(part.more && { more: part.more }),
    shareEndMs: startedMs + untilMs,
    nightEndMs: startedMs + budgetMs,
  })
  if (isPlayable(part)) line(`\n== ${name}: ${says}`)
  const outcome = isPlayable(part) ? await attempted(part, queue) : { found: [] }
  queue.ended()
  const over = signal.aborted ? 'the night was ended' : outcome.trouble
  const reason = lacks ?? over ?? 'there was no time left for it'
  return {
    part: {
      name,
      says,
      until: seconds(untilMs),
      began: seconds(beganMs - startedMs),
      took: seconds(clock.nowMs() - beganMs),
      ...(outcome.report !== undefined && { report: outcome.report }),
      ...(lacks !== undefined && { lacks }),
    },
    entries: entriesOf(name, queue, outcome.found, { before, reason }),
  }
}

/** With how long it took the night before, where it was run. */
function estimated({ name, isElastic }: Part, unit: Unit, before: Night | undefined): Unit {
  const took = before && entryOf(before, name, unit.name)?.took
  return took === undefined || isElastic ? unit : { ...unit, estimatedMs: took * 1_000 }
}

/** A part that breaks off is no reason to lose the others. */
async function attempted(part: Part, queue: Queue): Promise<PartOutcome> {
  try {
    return await part.play(queue)
  } catch (error) {
    return { found: [], trouble: error instanceof Error ? error.message : String(error) }
  }
}

/** An entry for every unit: what was found, what was begun and says nothing, what was not run. */
function entriesOf(
  part: PartName,
  queue: Queue,
  found: readonly Found[],
  { before, reason }: { before: Night | undefined; reason: string },
): NightEntry[] {
  const known = new Set(found.map(({ unit }) => unit.name))
  const lost = queue.taken.filter(({ name }) => !known.has(name))
  const headOf = ({ name, seed, reproduce }: Unit) =>
    ({ part, name, reproduce, ...(seed !== undefined && { seed }) }) as const
  return [
    ...found.map(({ unit, ...rest }) => ({ ...headOf(unit), waited: 0, ...rest })),
    ...lost.map((unit) => {
      return { ...headOf(unit), outcome: 'unknown', why: reason, waited: 0 } as const
    }),
    ...queue.left.map((unit) => {
      const waited = 1 + ((before && entryOf(before, part, unit.name)?.waited) ?? 0)
      return { ...headOf(unit), outcome: 'not-run', why: reason, waited } as const
    }),
  ]
}
