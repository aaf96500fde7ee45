/**
 * Honesty: what keeps a run from proving anything. No data, no danger, a fault that did not bite, a
 * harness that was itself the bottleneck: none of them may end in a `pass`, and where even the
 * bystanders are in doubt, not in a `fail` either.
 */
import type { History } from '../history/history.ts'
import type { FaultWindow } from '../history/windows.ts'
import type { RunRecord } from './record.ts'

/** One reason for doubt. `everything`: not even a failure is proven. */
export interface Reservation {
  readonly rule: string
  readonly says: string
  readonly spoils: 'passes' | 'everything'
}

/** Share of the planned load that must have been produced. */
const loadShareMin = 0.8
/** Share of records that the producer itself may have dropped. */
const droppedShareMax = 0.01
/** Places whose trouble means that the run never stood on its feet. */
const foundations = new Set(['steady', 'stage'])

/** All reservations about a run, gravest first. */
export function reservationsOf(history: History, record: RunRecord): Reservation[] {
  const all = [
    ...unreadable(history),
    ...unsteady(history, record),
    ...brokenFaults(history),
    ...missingFaults(history, record),
    ...noData(history),
    ...weakLoad(history, record),
    ...troubles(history),
    ...incomplete(record),
  ]
  return all.sort((a, b) => Number(b.spoils === 'everything') - Number(a.spoils === 'everything'))
}

function unreadable({ readFaults }: History): Reservation[] {
  const { garbled, tooLong, truncated } = readFaults
  const found: Reservation[] = []
  if (garbled + tooLong > 0) {
    const says = `${garbled + tooLong} lines of the history cannot be read.`
    found.push({ rule: 'history-damaged', says, spoils: 'everything' })
  }
  if (truncated > 0) {
    const says = `${truncated} journals end inside a line: their writers were cut off.`
    found.push({ rule: 'history-cut-off', says, spoils: 'passes' })
  }
  return found
}

function unsteady(history: History, record: RunRecord): Reservation[] {
  const isLoaded = record.phases.some(({ load }) => load.recordsPerSecond > 0)
  const steady = history.phases.find(({ name }) => name === 'steady')
  if (!isLoaded || steady?.hasEnded === true) return []
  const says = 'The run never reached its steady state.'
  return [{ rule: 'not-steady', says, spoils: 'everything' }]
}

function brokenFaults(history: History): Reservation[] {
  return history.faults.flatMap((fault): Reservation[] => {
    const { id, isBiting } = fault
    if (isUnhealed(fault)) {
      const says = `The fault ${id} could not be healed${because(fault)}.`
      return [{ rule: 'not-healed', says, spoils: 'everything' }]
    }
    if (fault.failure !== undefined) {
      const says = `The fault ${id} could not be injected${because(fault)}.`
      return [{ rule: 'not-injected', says, spoils: 'passes' }]
    }
    if (isBiting === true) return []
    const says = `The fault ${id} was not seen to bite.`
    return [{ rule: 'toothless', says, spoils: 'passes' }]
  })
}

/** A fault that stood (it was measured) and was never undone. */
const isUnhealed = ({ isBiting, healedAt }: FaultWindow): boolean =>
  isBiting !== undefined && healedAt === undefined

const because = ({ failure }: FaultWindow): string =>
  typeof failure?.['why'] === 'string' ? `: ${failure['why']}` : ''

function missingFaults(history: History, { phases }: RunRecord): Reservation[] {
  const planned = phases.reduce((sum, { faults }) => sum + faults.length, 0)
  const missing = planned - history.faults.length
  if (missing <= 0) return []
  const says = `${missing} of ${planned} planned faults never happened: there was no danger.`
  return [{ rule: 'no-danger', says, spoils: 'passes' }]
}

function noData(history: History): Reservation[] {
  const { acked, delivered } = history.stream()
  if (acked > 0 && delivered > 0) return []
  const says = `${acked} records were acknowledged and ${delivered} delivered.`
  return [{ rule: 'no-data', says, spoils: 'passes' }]
}

/** A load that was not reached tests another claim than the scenario's. */
function weakLoad(history: History, { phases }: RunRecord): Reservation[] {
  const due = phases.map(({ ms, load }) => (ms * load.recordsPerSecond) / 1_000)
  const planned = due.reduce((sum, records) => sum + records, 0)
  const { acked } = history.stream()
  const dropped = history.events('dropped').reduce((sum, [, , count]) => sum + count, 0)
  const found: Reservation[] = []
  if (acked < planned * loadShareMin) {
    const says = `${Math.round(planned)} records were planned, ${acked} were acknowledged.`
    found.push({ rule: 'load-not-reached', says, spoils: 'passes' })
  }
  if (dropped > acked * droppedShareMax) {
    const says = `The producer dropped ${dropped} records itself: it was the bottleneck.`
    found.push({ rule: 'producer-limited', says, spoils: 'passes' })
  }
  return found
}

function troubles(history: History): Reservation[] {
  return history
    .events('trouble')
    .filter(([, , where]) => where !== 'history')
    .map(([, , where, what]) => ({
      rule: 'trouble',
      says: `${where}: ${what}`,
      spoils: foundations.has(where) ? 'everything' : 'passes',
    }))
}

/** A run that was cut short left work undone on all sides: what is missing proves nothing. */
function incomplete({ isComplete, cutShort }: RunRecord): Reservation[] {
  if (cutShort !== undefined) {
    const says = `The run was cut short: ${cutShort}`
    return [{ rule: 'cut-short', says, spoils: 'everything' }]
  }
  if (isComplete) return []
  return [{ rule: 'incomplete', says: 'The run did not go through to its end.', spoils: 'passes' }]
}
