/**
 * The relay's memory under load: how far it rises above what it was in a calm phase of the same
 * run, and whether it goes on growing. No number here is of one machine: the calm phase is the
 * base, and what buffers may still take up is what justifies a rise, and its pace.
 *
 * Growth is read from the slopes of the three thirds of the time. A heap that warms up levels off:
 * it is steep in one third. A leak is steep in two of them at least, even where it pauses in one.
 * A heap that is collected seldom may be steep in each third and fall between them; so the whole
 * must show half of it as well, which is less than a leak that pauses for a third leaves there.
 *
 * With stalled clients there must be proof that the stall reached the relay: without it a flat
 * line says nothing but that kernel buffers are large.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import type { Window } from '../history/windows.ts'
import { checker, type Chart } from './checker.ts'
import { cannotTell, conclude, mebibytes, type Violation } from './reading/conclude.ts'
import { growthOf, growthText, isLasting, slopesOf, type Growth } from './memory/growth.ts'
import { proofOf } from './memory/proof.ts'
import { rssOf } from './memory/rss.ts'
import { groupRef, phaseRef, phaseRefs, type OptionsOf } from './options.ts'
import { seriesOf, type Point } from './reading/series.ts'

const schema = z.strictObject({
  /** The window whose peak is the base; what is bounded in any way is full at its end. */
  calm: phaseRef,
  /** Windows in which memory is judged; their time is joined. */
  phases: phaseRefs,
  /**
   * What the buffers of the relay may take up together in these phases, bytes; what is full in the
   * calm phase is in the base already. RSS may rise above the base by twice as much: a byte may
   * stand twice while it is copied, and a heap grows before it is collected.
   */
  budgetBytes: z.number().positive(),
  /** The clients whose reading stops, if that is the stimulus. */
  stalled: groupRef.exactOptional(),
  /** The clients that ask for replays and do not take them, if that is the stimulus. */
  askers: groupRef.exactOptional(),
  /** The clients that send messages without their ends, if that is the stimulus. */
  holders: groupRef.exactOptional(),
  /**
   * Steepest growth of the relay's RSS that may last, bytes a second. Default is the pace at which
   * the rise that is justified comes about in all of the time: what grows faster leaves it.
   */
  slopeBytesPerSecond: z.number().positive().exactOptional(),
  /**
   * Bytes that must have been owed to each stalled client before the stall counts as having
   * reached the relay: more than kernel buffers and proxy can swallow. Default 16 MiB.
   */
  proofBytes: z.number().positive().exactOptional(),
})
export type MemoryBoundedOptions = OptionsOf<typeof schema>

const budgetFactor = 2
/** Fewer samples make no lines. */
const samplesMin = 10

export const memoryBounded = checker({
  says: 'The relay stays within its memory while clients stall under load.',
  options: schema,
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
      const says =
        `RSS was measured ${base.length} times in the calm phase and ${judged.length} times ` +
        `after it; at least 1 and ${samplesMin} are needed.`
      const fix = 'let the harness start the relay on this host: it reads its RSS from /proc'
      return cannotTell('no-memory-samples', says, fix)
    }
    return judgeMemory(history, options, { windows, base: highest(base).v, judged })
  },
})

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
  const peak = highest(judged)
  const justified = budgetFactor * options.budgetBytes
  const seconds = windows.reduce((sum, { begin, end }) => sum + end - begin, 0) / 1e6
  const limits: Limits = {
    base,
    ceiling: base + justified,
    slope: options.slopeBytesPerSecond ?? justified / seconds,
  }
  const growth = growthOf(judged)
  const proof = proofOf(history, options, justified, windows)
  const missed = limits.slope / (proof.recordsThrough / seconds)
  const unseen = proof.isOfLoad
    ? `; a leak of less than ${bytesText(missed)} per record would pass`
    : ''
  return conclude({
    violations: violations(limits, peak, growth, judged),
    doubts: [proof.doubt],
    holds: {
      rule: 'bounded',
      says:
        `RSS peaked at ${mebibytes(peak.v)} (limit ${mebibytes(limits.ceiling)}, calm ` +
        `${mebibytes(base)}), slope ${growthText(growth, limits.slope)}; ${proof.says}${unseen}.`,
    },
    exercised: judged.length,
    counted: 'memory samples',
    evidence: {
      peakBytes: peak.v,
      calmPeakBytes: base,
      ceilingBytes: limits.ceiling,
      ...slopesOf(growth),
      slopeLimitBytesPerSecond: Math.round(limits.slope),
      ...(proof.isOfLoad && { missedBytesPerRecord: Math.round(missed) }),
      ...proof.evidence,
    },
    charts: [chartOf(history, limits)],
  })
}

const chartOf = (history: History, { base, ceiling }: Limits): Chart => ({
  title: 'Memory (RSS) and its limits',
  series: ['relay', 'toxiproxy'].map((role) =>
    seriesOf(role, 'bytes', rssOf(history, role)),
  ),
  limits: [
    { name: 'limit', v: ceiling },
    { name: 'peak of the calm phase', v: base },
  ],
})

interface Limits {
  readonly base: number
  readonly ceiling: number
  readonly slope: number
}

function violations(
  { base, ceiling, slope }: Limits,
  peak: Point,
  growth: Growth,
  judged: readonly Point[],
): Violation[] {
  const found: Violation[] = []
  if (peak.v > ceiling) {
    const at = judged.find(({ v }) => v > ceiling)?.t ?? peak.t
    const says =
      `RSS was to stay below ${mebibytes(ceiling)} (${mebibytes(base)} in the calm phase and ` +
      `${mebibytes(ceiling - base)} for buffers that fill); it rose to ${mebibytes(peak.v)}.`
    found.push({ rule: 'ceiling', says, at })
  }
  if (isLasting(growth, slope)) {
    const says = `RSS was to level off; it grew by ${growthText(growth, slope)}.`
    found.push({ rule: 'slope', says, at: judged.at(-1)?.t ?? peak.t })
  }
  return found
}

const bytesText = (bytes: number): string =>
  bytes < 10_240 ? `${Math.round(bytes)} bytes` : `${(bytes / 1_024).toFixed(1)} KiB`
