/**
 * The relay's memory while clients stall: a ceiling and a slope, and proof that the stall reached
 * the relay. Without that proof a flat line says nothing but that kernel buffers are large.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import type { Window } from '../history/windows.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude, mebibytes, type Violation } from './conclude.ts'
import { name, names, type GroupName, type PhaseName } from './options.ts'
import { riseWithin, seriesOf, slopePerSecond, type Point } from './series.ts'
import { ackedBytes, stallOf } from './stalls.ts'

export interface MemoryBoundedOptions<G extends string = string, P extends string = string> {
  /** The clients whose reading stops. */
  readonly stalled: GroupName<G>
  /** Windows in which memory is judged; their time is joined. */
  readonly phases: readonly PhaseName<P>[]
  /** Highest RSS of the relay, bytes. */
  readonly ceilingBytes: number
  /**
   * Steepest lasting growth of the relay's RSS, bytes a second, by a robust linear fit: of the
   * whole time and of each of its last two thirds, the least steep counts. A heap that warms up
   * levels off; a queue without a bound does not.
   */
  readonly slopeBytesPerSecond: number
  /**
   * Bytes that must have been owed to each stalled client before the stall counts as having
   * reached the relay: more than kernel buffers and proxy can swallow. Default 16 MiB.
   */
  readonly proofBytes?: number
}

const proofBytesDefault = 16 * 1_048_576
/** Fewer samples make no line. */
const samplesMin = 10

export const memoryBounded: Checker<MemoryBoundedOptions> = {
  says: 'The relay stays within its memory while clients stall under load.',
  options: z.strictObject({
    stalled: name,
    phases: names,
    ceilingBytes: z.number().positive(),
    slopeBytesPerSecond: z.number().positive(),
    proofBytes: z.number().positive().exactOptional(),
  }),
  judge(history, options) {
    const windows = options.phases.flatMap((phase) => history.phase(phase) ?? [])
    if (windows.length < options.phases.length) {
      return cannotTell('no-phase', `Not all of ${options.phases.join(', ')} took place.`)
    }
    const own = rssOf(history, 'relay')
    const judged = own.filter(({ t }) => windows.some(({ begin, end }) => t >= begin && t <= end))
    if (judged.length < samplesMin) {
      return cannotTell('no-memory-samples', `Memory was measured ${judged.length} times only.`)
    }
    return judgeMemory(history, options, { windows, judged })
  },
}

interface Judged {
  readonly windows: readonly Window[]
  readonly judged: readonly Point[]
}

function judgeMemory(history: History, options: MemoryBoundedOptions, { windows, judged }: Judged) {
  const slopes = [judged, ...lastThirds(judged)].map(slopePerSecond)
  const slope = Math.min(...slopes)
  const peak = judged.reduce((highest, point) => (point.v > highest.v ? point : highest))
  const proof = proofOf(history, options, windows)
  return conclude({
    violations: violations(options, peak, slope, judged),
    doubts: [proof.doubt],
    holds: {
      rule: 'bounded',
      says:
        `RSS stayed at or below ${mebibytes(peak.v)} and grew by ${mebibytes(slope)}/s at most, ` +
        `while ${proof.evidence.stalledClients} stalled clients were owed ` +
        `${mebibytes(proof.evidence.owedBytesEach)} each.`,
    },
    exercised: judged.length,
    evidence: {
      peakBytes: peak.v,
      ceilingBytes: options.ceilingBytes,
      slopeBytesPerSecond: Math.round(slope),
      slopeLimit: options.slopeBytesPerSecond,
      slopeOverall: Math.round(slopes[0] ?? 0),
      ...proof.evidence,
    },
    charts: [
      {
        title: 'memory',
        series: ['relay', 'toxiproxy'].map((role) =>
          seriesOf(`${role} RSS`, 'bytes', rssOf(history, role)),
        ),
        limits: [{ name: 'ceiling', v: options.ceilingBytes }],
      },
    ],
  })
}

/** The second and the last third of the samples. */
function lastThirds(judged: readonly Point[]): readonly Point[][] {
  const third = Math.floor(judged.length / 3)
  return [judged.slice(third, 2 * third), judged.slice(-third)]
}

function violations(
  { ceilingBytes, slopeBytesPerSecond }: MemoryBoundedOptions,
  peak: Point,
  slope: number,
  judged: readonly Point[],
): Violation[] {
  const found: Violation[] = []
  if (peak.v > ceilingBytes) {
    const at = judged.find(({ v }) => v > ceilingBytes)?.t ?? peak.t
    const limit = mebibytes(ceilingBytes)
    const says = `RSS was to stay below ${limit}; it rose to ${mebibytes(peak.v)}.`
    found.push({ rule: 'ceiling', says, at })
  }
  if (slope > slopeBytesPerSecond) {
    const limit = mebibytes(slopeBytesPerSecond)
    const says = `RSS was to grow by ${limit}/s at most; it grew by ${mebibytes(slope)}/s.`
    found.push({ rule: 'slope', says, at: judged.at(-1)?.t ?? peak.t })
  }
  return found
}

const rssOf = (history: History, wanted: string): Point[] =>
  history.events('memory').flatMap(([, t, role, v]) => (role === wanted ? [{ t, v }] : []))

/** Whether the stall reached the relay, by what was owed and by what the relay counted. */
function proofOf(
  history: History,
  { stalled, proofBytes = proofBytesDefault }: MemoryBoundedOptions,
  windows: readonly Window[],
) {
  const begin = Math.min(...windows.map((window) => window.begin))
  const end = Math.max(...windows.map((window) => window.end))
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
  return { evidence, doubt: doubtOf(evidence, proofBytes) }
}

interface ProofNumbers {
  readonly stalledClients: number
  readonly isStallMeasured: boolean
  readonly owedBytesEach: number
  readonly deliveredToOthers: number
  readonly relayDropped: number
  readonly relayGaveUp: number
}

function doubtOf(proof: ProofNumbers, proofBytes: number) {
  if (proof.stalledClients === 0 || !proof.isStallMeasured) {
    return { rule: 'no-stall', says: 'No client was seen to stall.' }
  }
  if (proof.deliveredToOthers === 0) {
    return { rule: 'no-flow', says: 'No other client received anything meanwhile.' }
  }
  const isFelt = proof.relayDropped + proof.relayGaveUp > 0 || proof.owedBytesEach >= proofBytes
  if (isFelt) return undefined
  const owed = mebibytes(proof.owedBytesEach)
  const says = `Each stalled client was owed ${owed}, which buffers outside the relay may hold.`
  return { rule: 'stall-not-proven', says }
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
