/**
 * Whether a stimulus was large enough for an unbounded buffer to show: otherwise flat memory proves
 * nothing.
 */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { wayBytes } from '../../history/tolerances.ts'
import type { Window } from '../../history/windows.ts'
import { askedOf, doubtOfAsked } from '../reading/askers.ts'
import { mebibytes, type Doubt } from '../reading/conclude.ts'
import { doubtOfHeldBack, heldBackOf, heldBytesEach } from '../reading/held-back.ts'
import { riseWithin } from '../reading/series.ts'
import { ackedBytes, stallOf } from '../reading/stalls.ts'
import { rssOf } from './rss.ts'

const { reachesRelay } = wayBytes

/** What would fill memory: clients of one of these groups, or else the load alone. */
export interface Stimulus {
  readonly stalled?: string
  readonly askers?: string
  readonly holders?: string
  readonly proofBytes?: number
}

export interface Proof {
  readonly says: string
  readonly doubt: Doubt | undefined
  readonly evidence: Readonly<Record<string, number | boolean>>
  /** Whether records would fill an unbounded relay, and how many there were. */
  readonly isOfLoad: boolean
  readonly recordsThrough: number
}

/** @param riseBytes - by how much memory may rise */
export function proofOf(
  history: History,
  options: Stimulus,
  riseBytes: number,
  windows: readonly Window[],
): Proof {
  const { stalled, askers, holders } = options
  const span = spanOf(windows)
  if (askers !== undefined) return proofOfAsked(history, askers, riseBytes, span)
  if (holders !== undefined) return proofOfHeldBack(history, holders, riseBytes, span)
  const { recordsThrough, throughBytes } = throughOf(history, windows)
  const proof =
    stalled === undefined
      ? proofOfLoad(history, throughBytes, riseBytes, span)
      : proofOfStall(history, { ...options, stalled }, riseBytes, span)
  const evidence = { throughBytes, recordsThrough, ...proof.evidence }
  return { ...proof, evidence, isOfLoad: true, recordsThrough }
}

function throughOf(history: History, windows: readonly Window[]) {
  const acked = ackedBytes(history)
  const sum = (of: (begin: Micros, end: Micros) => number) =>
    windows.reduce((all, { begin, end }) => all + of(begin, end), 0)
  return { throughBytes: sum(acked.within), recordsThrough: sum(acked.recordsWithin) }
}

/** Whether more was produced than an unbounded relay could hold unnoticed. */
function proofOfLoad(history: History, throughBytes: number, riseBytes: number, span: Window) {
  const wanted = 2 * riseBytes
  const says = `${mebibytes(throughBytes)} were produced`
  const deliveredToClients = clientsGot(history, span)
  const few: Doubt = {
    rule: 'too-little',
    says: `Only ${says}; at least ${mebibytes(wanted)} are needed for an unbounded buffer to show.`,
    fix: 'repeat the run on a machine that carries the planned load',
  }
  const doubt = doubtOfFlow(deliveredToClients) ?? (throughBytes >= wanted ? undefined : few)
  return { evidence: { deliveredToClients }, doubt, says }
}

/** Whether clients requested more than an unbounded relay could hold unnoticed. */
function proofOfAsked(history: History, askers: string, riseBytes: number, span: Window): Proof {
  const asked = askedOf(history, askers, span)
  const says =
    `${asked.waitingReplays} clients had not read the replays that they requested ` +
    `(${mebibytes(asked.replayBytes)} each, measured at another client)`
  const doubt = doubtOfAsked(asked, riseBytes)
  return { evidence: { ...asked }, doubt, says, isOfLoad: false, recordsThrough: 0 }
}

/** Whether more was held back than an unbounded relay could hold unnoticed. */
function proofOfHeldBack(
  history: History,
  holders: string,
  riseBytes: number,
  span: Window,
): Proof {
  const held = heldBackOf(history, holders, span)
  const says =
    `${held.holders} clients each sent ${mebibytes(heldBytesEach)} of an unfinished message`
  const doubt = doubtOfHeldBack(held, riseBytes)
  return { evidence: { ...held }, doubt, says, isOfLoad: false, recordsThrough: 0 }
}

/** From the begin of the first to the end of the last. */
const spanOf = (windows: readonly Window[]): Window => ({
  begin: Math.min(...windows.map(({ begin }) => begin)),
  end: Math.max(...windows.map(({ end }) => end)),
})

/** Whether the stall reached the relay, by the bytes owed and the relay's counters. */
function proofOfStall(
  history: History,
  { stalled, proofBytes = reachesRelay }: Stimulus & { readonly stalled: string },
  riseBytes: number,
  { begin, end }: Window,
) {
  const stall = stallOf(history, stalled, { begin, end })
  const from = stall?.begin ?? begin
  const until = Math.min(end, stall?.end ?? end)
  const evidence = {
    stalledClients: stall?.clients.length ?? 0,
    isStallMeasured: stall?.isProven ?? false,
    owedBytesEach: stall === undefined ? 0 : ackedBytes(history).within(from, until),
    deliveredToOthers: clientsGot(history, { begin: from, end: until }, stalled),
    relayDropped: riseWithin(history.signal('droppedTotal'), from, until),
    relayGaveUp: riseWithin(history.signal('sendTimeoutTotal'), from, until),
    proxyPeakBytes: Math.max(0, ...rssOf(history, 'toxiproxy').map(({ v }) => v)),
  }
  const says =
    `${evidence.stalledClients} stalled clients were each owed ` +
    mebibytes(evidence.owedBytesEach)
  return { evidence, doubt: doubtOfStall(evidence, proofBytes, riseBytes), says }
}

interface ProofNumbers {
  readonly stalledClients: number
  readonly isStallMeasured: boolean
  readonly owedBytesEach: number
  readonly deliveredToOthers: number
}

function doubtOfStall(
  { stalledClients, isStallMeasured, owedBytesEach, deliveredToOthers }: ProofNumbers,
  proofBytes: number,
  riseBytes: number,
): Doubt | undefined {
  if (stalledClients === 0 || !isStallMeasured) {
    const fix = 'see whether the clients of the group were connected when they were to stall'
    return { rule: 'no-stall', says: 'No client was seen to stall.', fix }
  }
  const fix = 'repeat the run on a machine that carries the load'
  const owed = `${stalledClients} stalled clients were each owed ${mebibytes(owedBytesEach)}`
  const few = (says: string): Doubt => ({ rule: 'stall-not-proven', says, fix })
  const no = doubtOfFlow(deliveredToOthers)
  if (no !== undefined) return no
  if (owedBytesEach < proofBytes) {
    return few(`${owed}; buffers outside the relay may hold ${mebibytes(proofBytes)}.`)
  }
  if (stalledClients * owedBytesEach >= 2 * riseBytes) return undefined
  return few(`${owed}; ${mebibytes(2 * riseBytes)} in all are needed for unbounded queues to show.`)
}

function doubtOfFlow(delivered: number): Doubt | undefined {
  if (delivered > 0) return undefined
  const says = 'No reading client received a record meanwhile.'
  return { rule: 'no-flow', says, fix: 'see the verdict on the stream' }
}

/** Records that clients got within a window, all but those of a group. */
function clientsGot(history: History, { begin, end }: Window, except?: string): number {
  let records = 0
  for (const [client, sessions] of history.sessions) {
    if (sessions.some(({ group }) => group === except)) continue
    const runs = history.stream().deliveries.get(client)?.all ?? []
    for (const run of runs) {
      if (run.from >= begin && run.until <= end) records += run.last - run.first + 1
    }
  }
  return records
}
