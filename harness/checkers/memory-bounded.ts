/**
 * The relay's memory under load: how far it rises above what it was in a calm phase of the same
 * run, and whether it goes on growing with the bytes that pass through. No number here is of one
 * machine: the calm phase is the base, the buffers' own budget and the load's own rate the limits.
 *
 * With stalled clients there must be proof that the stall reached the relay: without it a flat
 * line says nothing but that kernel buffers are large.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import type { Window } from '../history/windows.ts'
import { askedOf, doubtOfAsked } from './askers.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude, mebibytes, type Doubt, type Violation } from './conclude.ts'
import { doubtOfHeldBack, heldBackOf } from './held-back.ts'
import { name, names, type GroupName, type PhaseName } from './options.ts'
import { riseWithin, seriesOf, slopePerSecond, type Point } from './series.ts'
import { ackedBytes, stallOf } from './stalls.ts'

export interface MemoryBoundedOptions<G extends string = string, P extends string = string> {
  /** The window whose peak is the base; what is bounded in any way is full at its end. */
  readonly calm: PhaseName<P>
  /** Windows in which memory is judged; their time is joined. */
  readonly phases: readonly PhaseName<P>[]
  /**
   * What the buffers of the relay may hold together, bytes. RSS may rise above the base by twice
   * as much: a byte may stand twice while it is copied, and a heap grows before it is collected.
   */
  readonly budgetBytes: number
  /** The clients whose reading stops, if that is the stimulus. */
  readonly stalled?: GroupName<G>
  /** The clients that ask for replays and do not take them, if that is the stimulus. */
  readonly askers?: GroupName<G>
  /** The clients that send messages without their ends, if that is the stimulus. */
  readonly holders?: GroupName<G>
  /**
   * Steepest lasting growth of the relay's RSS, bytes a second, by a robust linear fit: of the
   * whole time and of each of its last two thirds, the least steep counts. A heap that warms up
   * levels off; a buffer without a bound does not. Default is half of the bytes that were
   * acknowledged a second: without a bound all of them stay. Where it is not the load that
   * would stay, it is the growth that reaches the ceiling at the end.
   */
  readonly slopeBytesPerSecond?: number
  /**
   * Bytes that must have been owed to each stalled client before the stall counts as having
   * reached the relay: more than kernel buffers and proxy can swallow. Default 16 MiB.
   */
  readonly proofBytes?: number
}

const proofBytesDefault = 16 * 1_048_576
const budgetFactor = 2
const slopeShare = 0.5
/** Fewer samples make no line. */
const samplesMin = 10

export const memoryBounded: Checker<MemoryBoundedOptions> = {
  says: 'The relay stays within its memory while clients stall under load.',
  options: z.strictObject({
    calm: name,
    phases: names,
    budgetBytes: z.number().positive(),
    stalled: name.exactOptional(),
    askers: name.exactOptional(),
    holders: name.exactOptional(),
    slopeBytesPerSecond: z.number().positive().exactOptional(),
    proofBytes: z.number().positive().exactOptional(),
  }),
  judge(history, options) {
    const windows = options.phases.flatMap((phase) => history.phase(phase) ?? [])
    const calm = history.phase(options.calm)
    if (calm === undefined || windows.length < options.phases.length) {
      const wanted = [options.calm, ...options.phases].join(', ')
      return cannotTell('no-phase', `Not all of ${wanted} took place.`, 'see where the run ended')
    }
    const own = rssOf(history, 'relay')
    const within = (all: readonly Window[]) =>
      own.filter(({ t }) => all.some(({ begin, end }) => t >= begin && t <= end))
    const [base, judged] = [within([calm]), within(windows)]
    if (base.length === 0 || judged.length < samplesMin) {
      const says = `The memory of the relay was measured ${base.length + judged.length} times only.`
      const fix = 'let the harness start the relay on this host: it reads its RSS from /proc'
      return cannotTell('no-memory-samples', says, fix)
    }
    return judgeMemory(history, options, { windows, base: highest(base).v, judged })
  },
}

interface Judged {
  readonly windows: readonly Window[]
  /** Peak of the calm phase. */
  readonly base: number
  readonly judged: readonly Point[]
}

const highest = (all: readonly Point[]): Point =>
  all.reduce((most, point) => (point.v > most.v ? point : most))

function judgeMemory(history: History, options: MemoryBoundedOptions, given: Judged) {
  const { windows, base, judged } = given
  const slopes = [judged, ...lastThirds(judged)].map(slopePerSecond)
  const slope = Math.min(...slopes)
  const peak = highest(judged)
  const throughBytes = bytesThrough(history, windows)
  const ceiling = base + budgetFactor * options.budgetBytes
  const limits = { base, ceiling, slope: slopeLimit(options, throughBytes, windows) }
  const proof = proofOf(history, options, { windows, throughBytes })
  return conclude({
    violations: violations(limits, peak, slope, judged),
    doubts: [proof.doubt],
    holds: {
      rule: 'bounded',
      says:
        `RSS peaked at ${mebibytes(peak.v)} (calm ${mebibytes(base)}, limit ` +
        `${mebibytes(ceiling)}), slope ${mebibytes(slope)}/s (limit ${mebibytes(limits.slope)}), ` +
        `while ${proof.says}.`,
    },
    exercised: judged.length,
    evidence: {
      peakBytes: peak.v,
      calmPeakBytes: base,
      ceilingBytes: ceiling,
      slopeBytesPerSecond: Math.round(slope),
      slopeLimit: Math.round(limits.slope),
      slopeOverall: Math.round(slopes[0] ?? 0),
      throughBytes,
      ...proof.evidence,
    },
    charts: [
      {
        title: 'memory',
        series: ['relay', 'toxiproxy'].map((role) =>
          seriesOf(`${role} RSS`, 'bytes', rssOf(history, role)),
        ),
        limits: [
          { name: 'ceiling', v: ceiling },
          { name: 'calm', v: base },
        ],
      },
    ],
  })
}

const bytesThrough = (history: History, windows: readonly Window[]): number => {
  const acked = ackedBytes(history)
  return windows.reduce((sum, { begin, end }) => sum + acked.within(begin, end), 0)
}

function slopeLimit(
  { slopeBytesPerSecond, askers, holders, budgetBytes }: MemoryBoundedOptions,
  throughBytes: number,
  windows: readonly Window[],
): number {
  const micros = windows.reduce((sum, { begin, end }) => sum + end - begin, 0)
  const isOfLoad = askers === undefined && holders === undefined
  const bytes = isOfLoad ? slopeShare * throughBytes : budgetFactor * budgetBytes
  return slopeBytesPerSecond ?? (bytes * 1e6) / micros
}

/** The second and the last third of the samples. */
function lastThirds(judged: readonly Point[]): readonly Point[][] {
  const third = Math.floor(judged.length / 3)
  return [judged.slice(third, 2 * third), judged.slice(-third)]
}

interface Limits {
  readonly base: number
  readonly ceiling: number
  readonly slope: number
}

function violations(
  { base, ceiling, slope: steepest }: Limits,
  peak: Point,
  slope: number,
  judged: readonly Point[],
): Violation[] {
  const found: Violation[] = []
  if (peak.v > ceiling) {
    const at = judged.find(({ v }) => v > ceiling)?.t ?? peak.t
    const says =
      `RSS was to stay below ${mebibytes(ceiling)} (${mebibytes(base)} in the calm phase, and ` +
      `twice the budget of the buffers); it rose to ${mebibytes(peak.v)}.`
    found.push({ rule: 'ceiling', says, at })
  }
  if (slope > steepest) {
    const limit = mebibytes(steepest)
    const says = `RSS was to grow by ${limit}/s at most; it grew by ${mebibytes(slope)}/s.`
    found.push({ rule: 'slope', says, at: judged.at(-1)?.t ?? peak.t })
  }
  return found
}

const rssOf = (history: History, wanted: string): Point[] =>
  history.events('memory').flatMap(([, t, role, v]) => (role === wanted ? [{ t, v }] : []))

interface Load {
  readonly windows: readonly Window[]
  readonly throughBytes: number
}

/** Whether the stimulus was large enough for a buffer without a bound to stand out. */
function proofOf(history: History, options: MemoryBoundedOptions, load: Load) {
  const { stalled, askers, holders } = options
  if (stalled !== undefined) return proofOfStall(history, { ...options, stalled }, load.windows)
  const { throughBytes } = load
  const riseBytes = budgetFactor * options.budgetBytes
  if (askers !== undefined) return proofOfAsked(history, askers, riseBytes, load.windows)
  if (holders !== undefined) return proofOfHeldBack(history, holders, riseBytes, load.windows)
  const wanted = 2 * riseBytes
  const says = `${mebibytes(throughBytes)} passed through`
  const doubt: Doubt | undefined =
    throughBytes >= wanted
      ? undefined
      : {
          rule: 'too-little',
          says: `Only ${says}; at least ${mebibytes(wanted)} are needed to tell bytes from counts.`,
          fix: 'repeat the run on a machine that carries the planned load',
        }
  return { evidence: {}, doubt, says }
}

/** Whether clients asked for more than a relay without a bound could hold unseen. */
function proofOfAsked(
  history: History,
  askers: string,
  riseBytes: number,
  windows: readonly Window[],
) {
  const asked = askedOf(history, askers, spanOf(windows))
  const says =
    `${asked.waitingReplays} clients asked for replays of ${mebibytes(asked.replayBytes)} each ` +
    'and did not take them'
  return { evidence: { ...asked }, doubt: doubtOfAsked(asked, riseBytes), says }
}

/** Whether more was held back than a relay without a bound could hold unseen. */
function proofOfHeldBack(
  history: History,
  holders: string,
  riseBytes: number,
  windows: readonly Window[],
) {
  const held = heldBackOf(history, holders, spanOf(windows))
  const sent = mebibytes(held.heldBytes)
  const says = `${held.holders} clients sent ${sent} of messages without an end`
  return { evidence: { ...held }, doubt: doubtOfHeldBack(held, riseBytes), says }
}

/** From the begin of the first to the end of the last. */
const spanOf = (windows: readonly Window[]): Window => ({
  begin: Math.min(...windows.map(({ begin }) => begin)),
  end: Math.max(...windows.map(({ end }) => end)),
})

/** Whether the stall reached the relay, by what was owed and by what the relay counted. */
function proofOfStall(
  history: History,
  { stalled, proofBytes = proofBytesDefault }: MemoryBoundedOptions & { stalled: string },
  windows: readonly Window[],
) {
  const { begin, end } = spanOf(windows)
  const stall = stallOf(history, stalled, { begin, end })
  const from = stall?.begin ?? begin
  const until = Math.min(end, stall?.end ?? end)
  const evidence = {
    stalledClients: stall?.clients.length ?? 0,
    isStallMeasured: stall?.isProven ?? false,
    owedBytesEach: stall === undefined ? 0 : ackedBytes(history).within(from, until),
    deliveredToOthers: othersGot(history, stalled, { begin: from, end: until }),
    relayDropped: riseWithin(history.signal('droppedTotal'), from, until),
    relayGaveUp: riseWithin(history.signal('sendTimeoutTotal'), from, until),
    proxyPeakBytes: Math.max(0, ...rssOf(history, 'toxiproxy').map(({ v }) => v)),
  }
  const says =
    `${evidence.stalledClients} stalled clients were owed ` +
    `${mebibytes(evidence.owedBytesEach)} each`
  return { evidence, doubt: doubtOf(evidence, proofBytes), says }
}

interface ProofNumbers {
  readonly stalledClients: number
  readonly isStallMeasured: boolean
  readonly owedBytesEach: number
  readonly deliveredToOthers: number
}

function doubtOf(proof: ProofNumbers, proofBytes: number): Doubt | undefined {
  if (proof.stalledClients === 0 || !proof.isStallMeasured) {
    const fix = 'see whether the clients of the group were connected when they were to stall'
    return { rule: 'no-stall', says: 'No client was seen to stall.', fix }
  }
  if (proof.deliveredToOthers === 0) {
    const says = 'No other client received anything meanwhile.'
    return { rule: 'no-flow', says, fix: 'see the verdict on the stream' }
  }
  if (proof.owedBytesEach >= proofBytes) return undefined
  const owed = mebibytes(proof.owedBytesEach)
  const says = `Each stalled client was owed ${owed}, which buffers outside the relay may hold.`
  return { rule: 'stall-not-proven', says, fix: 'repeat the run where the load is carried' }
}

function othersGot(history: History, stalled: string, { begin, end }: Window): number {
  let records = 0
  for (const [client, sessions] of history.sessions) {
    if (sessions.some(({ group }) => group === stalled)) continue
    const runs = history.stream().deliveries.get(client)?.all ?? []
    for (const run of runs) {
      if (run.from >= begin && run.until <= end) records += run.last - run.first + 1
    }
  }
  return records
}
