/**
 * The relay's memory under load: how far it rises above a calm phase of the same run, and whether
 * it keeps growing. No limit belongs to one machine: the calm phase is the base, and what buffers
 * may still hold justifies a rise and its pace.
 *
 * Growth is measured by the slopes of the three thirds of the time. A heap that warms up levels
 * off: it is steep in one third. A leak is steep in at least two, even if it pauses in one. A heap
 * with rare collections may be steep in each third and fall between them; so the whole must show
 * half of it as well, which is less than a leak that pauses for a third leaves there.
 *
 * With stalled clients there must be proof that the stall reached the relay: otherwise a flat line
 * only shows that kernel buffers are large.
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
  /** The phase whose peak is the base; bounded buffers are full at its end. */
  calm: phaseRef,
  /** Phases in which memory is judged, as one time span. */
  phases: phaseRefs,
  /**
   * Bytes that the relay's buffers may additionally hold in these phases; what is full in the calm
   * phase is already in the base. RSS may rise by twice as much: a byte may exist twice while it is
   * copied, and a heap grows before it is collected.
   */
  budgetBytes: z.number().positive(),
  /** The clients whose reading stops, if that is the stimulus. */
  stalled: groupRef.exactOptional(),
  /** The clients that request replays and do not read them, if that is the stimulus. */
  askers: groupRef.exactOptional(),
  /** The clients that send messages without their ends, if that is the stimulus. */
  holders: groupRef.exactOptional(),
  /**
   * Steepest lasting growth of the relay's RSS, bytes per second. Default: the justified rise
   * divided by the whole time; what grows faster exceeds it.
   */
  slopeBytesPerSecond: z.number().positive().exactOptional(),
  /**
   * Bytes that each stalled client must be owed before the stall counts as having reached the
   * relay: more than kernel buffers and proxy can hold. Default 16 MiB.
   */
  proofBytes: z.number().positive().exactOptional(),
})
export type MemoryBoundedOptions = OptionsOf<typeof schema>

const budgetFactor = 2
/** Where RSS may rise to, from the peak of the calm phase. */
export const ceilingOf = (
  calmPeakBytes: number,
  { budgetBytes }: Pick<MemoryBoundedOptions, 'budgetBytes'>,
): number => calmPeakBytes + budgetFactor * budgetBytes
/** Fewest samples for a slope. */
const samplesMin = 10

export const memoryBounded = checker({
  says: "The relay's memory stays bounded under this load.",
  options: schema,
  judge(history, options) {
    const windows = options.phases.flatMap((phase) => history.phase(phase) ?? [])
    const calm = history.phase(options.calm)
    if (calm === undefined || windows.length < options.phases.length) {
      const wanted = [options.calm, ...options.phases].join(', ')
      return cannotTell('no-phase', `Not all of ${wanted} ran.`, 'see where the run ended')
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
    ceiling: ceilingOf(base, options),
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
      `RSS rose to ${mebibytes(peak.v)} (limit ${mebibytes(ceiling)}: ${mebibytes(base)} in the ` +
      `calm phase and ${mebibytes(ceiling - base)} for buffers that fill).`
    found.push({ rule: 'ceiling', says, at })
  }
  if (isLasting(growth, slope)) {
    const says = `RSS kept growing, by ${growthText(growth, slope)}.`
    found.push({ rule: 'slope', says, at: judged.at(-1)?.t ?? peak.t })
  }
  return found
}

const bytesText = (bytes: number): string =>
  bytes < 10_240 ? `${Math.round(bytes)} bytes` : `${(bytes / 1_024).toFixed(1)} KiB`
