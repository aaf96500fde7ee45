/**
 * What keeps a run from proving anything: no data, no fault, a fault without effect, a harness that
 * was itself the bottleneck. None of them may end in a `pass`, and if even the harness's own
 * evidence is in doubt, not in a `fail` either.
 */
import type { History } from '../history/history.ts'
import { ownEvidence } from '../history/tolerances.ts'
import { does, type FaultWindow, type Window } from '../history/windows.ts'
import {
  damageOf,
  deathsOf,
  gapsOf,
  lagTruthUnread,
  serverDied,
  starvationOf,
  strainOf,
} from './own-evidence.ts'
import type { RunRecord } from './record.ts'
import type { Caveat } from './caveat.ts'

const { droppedShareMax, loadShareMin } = ownEvidence

/** Places whose errors mean that the run never got started. */
const foundations = new Set(['steady', 'stage'])

/** All caveats about a run, gravest first. */
export function caveatsOf(history: History, record: RunRecord): Caveat[] {
  const damaged = damageOf(history, record)
  // An early end of the run explains journals without an end mark.
  if (damaged.length > 0) {
    return [...deathsOf(history), ...incomplete(record), ...damaged, ...brokenFaults(history)]
  }
  const all = [
    ...deathsOf(history),
    ...nothingExpected(record),
    ...unsteady(history, record),
    ...brokenFaults(history),
    ...missingFaults(history, record),
    ...noData(history),
    ...weakLoad(history, record),
    ...strainOf(history),
    ...starvationOf(history, record),
    ...gapsOf(history),
    ...troubles(history),
    ...incomplete(record),
  ]
  return all.sort(
    (a, b) => Number(b.invalidates === 'everything') - Number(a.invalidates === 'everything'),
  )
}

/** The record has no expectations, and not what the scenario allows its clients and the stream. */
function nothingExpected({ expectations }: RunRecord): Caveat[] {
  if (expectations.length > 0) return []
  const says = 'The record names no expectation, so there is nothing to judge.'
  const fix = 'run the scenario again: a record of this version holds its expectations'
  return [{ rule: 'nothing-expected', says, fix, invalidates: 'everything' }]
}

function unsteady(history: History, record: RunRecord): Caveat[] {
  const isLoaded = record.phases.some(({ load }) => load.recordsPerSecond > 0)
  const steady = history.phases.find(({ name }) => name === 'steady')
  if (!isLoaded || steady?.hasEnded === true) return []
  const says = 'The run never reached its steady state.'
  const fix = 'see the log of the target, and check that it reads the topic of this run'
  return [{ rule: 'not-steady', says, fix, invalidates: 'everything' }]
}

function brokenFaults(history: History): Caveat[] {
  return history.faults.flatMap((fault): Caveat[] => {
    const { id, isActive } = fault
    const where = placeOf(fault)
    if (isUnhealed(fault)) {
      const says = `The fault ${id} could not be healed${because(fault)}.`
      const fix = 'run again; undo faults that are left with: npm run chaos -- heal'
      return [{ rule: 'not-healed', says, fix, invalidates: 'everything' }]
    }
    if (fault.failure !== undefined) {
      const says = `The fault ${id} could not be injected${because(fault)}.`
      const fix = 'fix the named cause, and run again'
      return [{ rule: 'not-injected', says, fix, invalidates: 'passes', ...where }]
    }
    if (isActive === true) return []
    const says = `The fault ${id} had no measurable effect.`
    const fix = 'see its evidence in the report; a longer phase or more load may give it an effect'
    return [{ rule: 'ineffective-fault', says, fix, invalidates: 'passes', ...where }]
  })
}

/** A rival that took no partition left nothing behind: only its own phase lacked the fault. */
function placeOf(fault: FaultWindow): Pick<Caveat, 'phase'> {
  const [phase = '', rest] = fault.id.split('/')
  return does(fault, 'moves-partitions') && rest !== undefined ? { phase } : {}
}

/** Whether a caveat bears on what was expected; `phases` are those of the run. */
export function concerns(
  { phase }: Caveat,
  expectations: readonly object[],
  phases: readonly string[],
): boolean {
  if (phase === undefined) return true
  const named = (expected: object) => {
    const words = Object.values(expected).flat() as unknown[]
    return words.filter((word) => phases.includes(word as string))
  }
  return expectations.some((one) => named(one).length === 0 || named(one).includes(phase))
}

/** A fault that was active (measured) and was never undone. */
const isUnhealed = ({ isActive, healedAt }: FaultWindow): boolean =>
  isActive !== undefined && healedAt === undefined

const because = ({ failure }: FaultWindow): string =>
  typeof failure?.['why'] === 'string' ? `: ${failure['why']}` : ''

function missingFaults(history: History, { phases }: RunRecord): Caveat[] {
  const planned = phases.reduce((sum, { faults }) => sum + faults.length, 0)
  const missing = planned - history.faults.length
  if (missing <= 0) return []
  const says = `${missing} of ${planned} planned faults were never injected.`
  return [{ rule: 'no-danger', says, fix: 'run again to the end', invalidates: 'passes' }]
}

function noData(history: History): Caveat[] {
  const { acked, delivered } = history.stream()
  if (acked > 0 && delivered > 0) return []
  const says = `${acked} records were acknowledged and ${delivered} delivered.`
  const fix = 'check that the target reads the topic of this run'
  return [{ rule: 'no-data', says, fix, invalidates: 'passes' }]
}

/**
 * A load that was not reached tests another claim than the scenario's. Records sent between phases,
 * while faults are injected or healed, do not count.
 */
function weakLoad(history: History, { phases }: RunRecord): Caveat[] {
  const played = phases.flatMap((phase) => {
    const window = history.phase(phase.name)
    return window === undefined ? [] : [{ ...phase, window }]
  })
  const due = played.flatMap(({ ms, load, stimuli }) => [
    (ms * load.recordsPerSecond) / 1_000,
    ...stimuli.map(({ records }) => (typeof records === 'number' ? records : 0)),
  ])
  const planned = due.reduce((sum, records) => sum + records, 0)
  const sent = sentWithin(
    history,
    played.map(({ window }) => window),
  )
  const { acked } = history.stream()
  const dropped = history.events('dropped').reduce((sum, { count }) => sum + count, 0)
  const found: Caveat[] = []
  if (sent < planned * loadShareMin) {
    const says = `${Math.round(planned)} records were planned, ${sent} were sent and acknowledged.`
    found.push({ rule: 'load-not-reached', says, fix: lessLoad, invalidates: 'passes' })
  }
  if (dropped > acked * droppedShareMax) {
    const says = `The producer dropped ${dropped} records itself: it was the bottleneck.`
    found.push({ rule: 'producer-limited', says, fix: lessLoad, invalidates: 'passes' })
  }
  return found
}

/** Acknowledged records that were sent within one of these times. */
function sentWithin(history: History, windows: readonly Window[]): number {
  let count = 0
  for (const { sentAt, length } of history.stream().records.values()) {
    for (let i = 0; i < length; i += 1) {
      const t = sentAt[i] as number
      if (windows.some(({ begin, end }) => t >= begin && t <= end)) count += 1
    }
  }
  return count
}

const lessLoad = 'run again on a less busy machine, or with less load'

/** Places of errors that have a rule of their own. */
const toldElsewhere = new Set(['history', serverDied, lagTruthUnread])

function troubles(history: History): Caveat[] {
  return history
    .events('trouble')
    .filter(({ where }) => !toldElsewhere.has(where))
    .map(({ where, what }) => ({
      rule: 'trouble',
      says: `${where}: ${what}`,
      fix: 'fix the named cause, and run again',
      invalidates: foundations.has(where) ? 'everything' : 'passes',
    }))
}

/** A run that was cut short left work undone everywhere: what is missing proves nothing. */
function incomplete({ isComplete, cutShort }: RunRecord): Caveat[] {
  if (cutShort !== undefined) {
    const says = `The run was cut short: ${cutShort}`
    return [{ rule: 'cut-short', says, fix: 'run again to the end', invalidates: 'everything' }]
  }
  if (isComplete) return []
  const says = 'The run did not finish.'
  return [{ rule: 'incomplete', says, fix: 'run again to the end', invalidates: 'passes' }]
}
