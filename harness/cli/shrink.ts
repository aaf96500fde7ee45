/** What is done about a random schedule that failed: fewer of its parts are run that fail alike. */
import type { Clock } from '../../relay/world/clock.ts'
import type { Afterwards, PlayBeside, SuiteResult } from '../conductor/suite.ts'
import type { SuiteItem } from '../conductor/suite-order.ts'
import type { RunVerdict } from '../judge/judge.ts'
import { shrink, type Parts, type Shrunk } from '../schedules/shrink.ts'
import { many } from '../checkers/reading/conclude.ts'
import { approximately } from './status-line.ts'

/** A schedule as it was run, and how to run less of it. */
export interface Shrinkable {
  readonly parts: Parts
  itemOf(parts: Parts): SuiteItem
  /** Such as "2 cut (redis)". */
  say(parts: Parts): string
}

export interface ShrinkOrder {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Longest search; 0 is none. */
  readonly limitMs: number
  shrinkable(item: SuiteItem): Shrinkable | undefined
  /** Prints a line. */
  readonly line: (text: string) => void
}

/** Searches behind every schedule that failed, and adds to its result what came of it. */
export function shrinking(order: ShrinkOrder): Afterwards {
  return async (result, play) => {
    const schedule = order.shrinkable(result.item)
    const failure = failureOf(result.verdict)
    if (schedule === undefined || failure === undefined || order.limitMs === 0) return result
    if (schedule.parts.length < 2) return result
    const { finding, rule } = failure
    order.line(
      `      looking for fewer parts that fail alike (${finding}, ${rule}), ` +
        `${approximately(order.limitMs)} at most`,
    )
    const found = await search(order, schedule, result, play)
    const smaller = smallerOf(order, schedule, found)
    order.line(`      ${smaller.says}`)
    if (smaller.reproduce !== undefined) order.line(`      repeat: ${smaller.reproduce}`)
    return { ...result, smaller }
  }
}

interface Failure {
  readonly finding: string
  readonly rule: string
}

/** The first thing that failed. */
function failureOf({ expectations }: RunVerdict): Failure | undefined {
  const failed = expectations.find(({ judgement }) => judgement.verdict === 'fail')
  return failed && { finding: failed.finding, rule: failed.judgement.rule }
}

const isAlike = ({ expectations }: RunVerdict, { finding, rule }: Failure): boolean =>
  expectations.some(
    (one) =>
      one.finding === finding && one.judgement.verdict === 'fail' && one.judgement.rule === rule,
  )

async function search(
  { clock, signal, limitMs, line }: ShrinkOrder,
  schedule: Shrinkable,
  { verdict, record }: SuiteResult,
  play: PlayBeside,
): Promise<Shrunk> {
  const failure = failureOf(verdict) as Failure
  const endMs = clock.nowMs() + limitMs
  // Fewer parts take less time; how much less is known once one was run.
  let longestMs = record.tookMs / 2
  let runs = 0
  return shrink({
    parts: schedule.parts,
    isOver: () => signal.aborted || clock.nowMs() + longestMs > endMs,
    async fails(parts) {
      runs += 1
      const beganMs = clock.nowMs()
      const fails = await play(schedule.itemOf(parts), `fewer-${runs}`).then(
        (judged) => isAlike(judged, failure),
        // What could not be run does not fail alike.
        () => false,
      )
      longestMs = Math.max(longestMs, clock.nowMs() - beganMs)
      line(`      parts ${parts.join(',')}: ${fails ? 'fails alike' : 'does not fail alike'}`)
      return fails
    },
  })
}

function smallerOf(
  { limitMs }: ShrinkOrder,
  schedule: Shrinkable,
  { parts, runs, isCutShort }: Shrunk,
): NonNullable<SuiteResult['smaller']> {
  const tried = many(runs, 'run')
  const all = many(schedule.parts.length, 'part')
  if (parts !== undefined) {
    const says = `Of ${all} these fail alike: ${schedule.say(parts)} (${tried}).`
    return { says, reproduce: schedule.itemOf(parts).reproduce }
  }
  const none = `no fewer of its ${all} failed alike in 3 of 5 runs (${tried})`
  const says = isCutShort ? `In ${approximately(limitMs)} ${none}.` : `N${none.slice(1)}.`
  return { says }
}
