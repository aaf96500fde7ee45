/**
 * What the harness's own servers, processes and files keep a run from proving. A dead server of the
 * harness looks to clients like a relay that lost records; a paused harness measures itself; a
 * truncated journal has lost what was delivered.
 */
import type { Memory, Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { ownEvidence } from '../history/tolerances.ts'
import { tearDownPhase, type Window } from '../history/windows.ts'
import type { Caveat } from './caveat.ts'
import type { RunRecord } from './record.ts'
import { many } from '../checkers/reading/conclude.ts'

const { backlogBytesMax, missedShareMax, ownUseShareMax, samplesMin, standstillMsMax } = ownEvidence

/** Where the conductor reports a server or process of the harness that ended during a run. */
export const serverDied = 'server-died'
/** Where the sampler of the true lag reports that it could not ask. */
export const lagTruthUnread = 'lag-truth'

const runAgain = 'run again, and do not change the folder of the run'

/** A history that is incomplete or altered proves nothing. */
export function damageOf({ readFaults, journals }: History, record: RunRecord): Caveat[] {
  const { garbled, tooLong, truncated } = readFaults
  const named = (end: string) =>
    (journals ?? []).filter((one) => one.end === end).map(({ name }) => name)
  const [altered, unmarked] = [named('altered'), named('unmarked')]
  const isOld = journals !== undefined && record.journals === undefined
  const found = journals?.map(({ name }) => name) ?? []
  const listed = journals === undefined ? [] : (record.journals ?? [])
  const gone = listed.filter((name) => !found.includes(name))
  const foreign = found.filter((name) => record.journals?.includes(name) === false)
  const says = [
    [garbled + tooLong > 0, `${garbled + tooLong} lines of the history cannot be read.`],
    [altered.length > 0, `Altered after the run: ${altered.join(', ')}.`],
    [gone.length > 0, `The run wrote ${gone.join(', ')}, which the history lacks.`],
    [foreign.length > 0, `The history has ${foreign.join(', ')}, which the run did not write.`],
    [isOld, 'The record does not say which journals the run wrote: it is of an older version.'],
  ] as const
  const damaged = says.flatMap(([is, what]) => (is ? [damage('history-damaged', what)] : []))
  if (unmarked.length === 0 && truncated === 0) return damaged
  const cut = unmarked.length > 0 ? unmarked.join(', ') : many(truncated, 'journal')
  const what = `Without an end mark, as the writer or the file was cut off: ${cut}.`
  return [...damaged, damage('history-cut-off', what)]
}

const damage = (rule: string, says: string): Caveat => ({
  rule,
  says,
  fix: runAgain,
  invalidates: 'everything',
})

/** After the death of a server or process of the harness nothing is known of the target. */
export function deathsOf(history: History): Caveat[] {
  return history.troubleOf(serverDied).map(({ t, what }) => ({
    rule: serverDied,
    says: `${what.trimEnd()} This was ${(t / 1e6).toFixed(1)} s into the run.`,
    fix: 'read its log in the folder of the run, and run again',
    invalidates: 'everything',
  }))
}

/** A harness that could not watch closely enough has no reliable times. */
export function strainOf(history: History): Caveat[] {
  const { begin, end } = watchedTime(history)
  const strains = history.events('strain').filter(([, t]) => t >= begin && t <= end)
  const longest = strains.toSorted((a, b) => b[3] - a[3])[0]
  const fullest = strains.toSorted((a, b) => b[5] - a[5])[0]
  const found: string[] = []
  if (longest !== undefined && longest[3] > standstillMsMax) {
    const [, t, role, delayMs] = longest
    const stood = `${(delayMs / 1_000).toFixed(1)} s, ${(t / 1e6).toFixed(1)} s into the run`
    found.push(`The ${role} of the harness was paused for ${stood} (limit 2.0 s).`)
  }
  if (fullest !== undefined && fullest[5] > backlogBytesMax) {
    const mebibytes = Math.round(fullest[5] / 1_048_576)
    found.push(`The ${fullest[2]} of the harness left ${mebibytes} MiB unread (limit 64 MiB).`)
  }
  found.push(...missedSamples(history, strains.map(([, , role, , missed]) => [role, missed])))
  return found.map((says) => ({
    rule: 'strained',
    says: `${says} Its times prove nothing about the target.`,
    fix: 'run again on a less busy machine, or with fewer clients',
    invalidates: 'passes',
    ground: 'times',
  }))
}

function missedSamples(
  history: History,
  strains: readonly (readonly [role: string, missed: number])[],
): string[] {
  const taken = {
    health: history.events('health').length,
    metrics: history.events('scrape').length,
    'lag-truth': history.events('lagtruth').length,
  }
  return Object.entries(taken).flatMap(([sampler, count]) => {
    const missed = strains.reduce((sum, [role, n]) => (role === sampler ? sum + n : sum), 0)
    const all = count + missed
    if (all < samplesMin || missed <= all * missedShareMax) return []
    return [`The sampler of ${sampler} missed ${missed} of ${all} samples (limit: a fifth).`]
  })
}

/**
 * A target that was ready to run and got no CPU, because other processes used it, is late without
 * its own fault. What it did in time anyway still counts.
 */
export function starvationOf(history: History, { machine }: RunRecord): Caveat[] {
  const { begin, end } = watchedTime(history)
  const samples = history
    .events('memory')
    .filter(([, t, role, , , waited]) => {
      return role === 'relay' && waited !== undefined && t >= begin && t <= end
    })
  const processors = typeof machine['cpus'] === 'number' ? machine['cpus'] : 1
  const worst = hungriest(samples, processors * ownUseShareMax)
  if (worst === undefined || worst.waitedShare <= ownEvidence.waitedShareMax) return []
  const percent = Math.round(worst.waitedShare * 100)
  const at = (worst.from / 1e6).toFixed(1)
  return [{
    rule: 'starved',
    says:
      `The target waited for a CPU for ${percent} % of the time ` +
      `(limit 80 % in any 5 s), ${at} s into the run: other processes delayed it.`,
    fix: 'run again on a less busy machine',
    invalidates: 'failures',
    ground: 'times',
  }]
}

/** The window in which the target waited most while it used less than `useMax` processors. */
function hungriest(
  samples: readonly Memory[],
  useMax: number,
): { readonly from: Micros; readonly waitedShare: number } | undefined {
  let worst: { from: Micros; waitedShare: number } | undefined
  for (let first = 0, last = 1; last < samples.length; last += 1) {
    const [, to, , , ranTo, waitedTo = 0] = samples[last]!
    // A new process starts its counters at 0.
    if (waitedTo < (samples[last - 1]![5] ?? 0)) first = last
    const fromMax = to - ownEvidence.waitedWindowMicros
    while (first + 1 < last && samples[first + 1]![1] <= fromMax) first += 1
    const [, from, , , ranFrom, waitedFrom = 0] = samples[first]!
    const took = to - from
    if (took < ownEvidence.waitedWindowMicros || (ranTo - ranFrom) / took > useMax) continue
    const waitedShare = (waitedTo - waitedFrom) / took
    if (waitedShare > (worst?.waitedShare ?? 0)) worst = { from, waitedShare }
  }
  return worst
}

/** What happens before the first phase or during the teardown is not judged. */
function watchedTime({ phases, end }: History): Window {
  const tearDown = phases.find(({ name }) => name === tearDownPhase)
  const begin: Micros = phases[0]?.begin ?? 0
  return { begin, end: tearDown?.begin ?? end }
}

/** Evidence of one kind that could not always be had: failures that rest on it are not proven. */
export function gapsOf(history: History): Caveat[] {
  const [truth] = history.troubleOf(lagTruthUnread)
  if (truth === undefined) return []
  return [{
    rule: 'lag-truth-incomplete',
    says: `The broker could not always be asked for the true lag: ${truth.what}.`,
    fix: 'run again on a less busy machine',
    invalidates: 'passes',
    ground: 'lag-truth',
  }]
}
