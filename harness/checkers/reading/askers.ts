/**
 * Clients that request replays and do not read them: how much a relay would hold for them if it
 * read all of it ahead. The size of a replay is measured at a client that got one before, not taken
 * from what was produced: a relay need not retain all of that.
 */
import type { History } from '../../history/history.ts'
import type { Window } from '../../history/windows.ts'
import { mebibytes, seconds, type Doubt } from './conclude.ts'
import { replaysOf, type Replay } from './replays.ts'

export interface Asked {
  /** Clients of the group that requested in time and had not got all by the end. */
  readonly waitingReplays: number
  /** The largest replay that any client got before, and how long that took. */
  readonly replayBytes: number
  readonly replayMs: number
  /** How long they were asked for. */
  readonly forMs: number
}

export function askedOf(history: History, group: string, { begin, end }: Window): Asked {
  const all = replaysOf(history)
  const waiting = all.filter((one) => {
    const isInTime = one.group === group && one.askedAt >= begin && one.askedAt <= end
    return isInTime && !(one.complete !== undefined && one.end <= end)
  })
  const before = all.filter((one) => one.complete !== undefined && one.end <= begin)
  const sizes = before.map((one) => ({ bytes: bytesOf(history, one), ms: msOf(one) }))
  const largest = sizes.toSorted((a, b) => b.bytes - a.bytes)[0]
  const sinceMicros = Math.min(end, ...waiting.map(({ askedAt }) => askedAt))
  return {
    waitingReplays: waiting.length,
    replayBytes: largest?.bytes ?? 0,
    replayMs: largest?.ms ?? 0,
    forMs: (end - sinceMicros) / 1_000,
  }
}

const msOf = ({ askedAt, end }: Replay): number => Math.round((end - askedAt) / 1_000)

function bytesOf(history: History, { runs }: Replay): number {
  const { records } = history.stream()
  let sum = 0
  for (const { partition, first, last } of runs) {
    const known = records.get(partition)
    if (known === undefined) continue
    for (let offset = first; offset <= last; offset += 1) {
      const index = known.indexOf(offset)
      if (index >= 0) sum += Math.max(0, known.bytes[index] as number)
    }
  }
  return sum
}

/**
 * Whether enough was requested, for long enough, that a relay which reads all of it ahead would
 * rise above its limit: it reads at the pace at which one client got it.
 */
export function doubtOfAsked(asked: Asked, riseBytes: number): Doubt | undefined {
  const { waitingReplays, replayBytes, replayMs, forMs } = asked
  if (replayBytes === 0) {
    const says = 'No client had got a replay before: perhaps nothing was retained.'
    return { rule: 'no-replay', says, fix: 'check that the target keeps records for replay' }
  }
  const wanted = (bytes: number) =>
    `at least ${mebibytes(bytes)} are needed for an unbounded buffer to show`
  if (waitingReplays * replayBytes < 2 * riseBytes) {
    const says =
      `${waitingReplays} clients waited for ${mebibytes(replayBytes)} each; ` +
      `${wanted(2 * riseBytes)}.`
    return { rule: 'too-little', says, fix: 'see why clients did not connect, or got everything' }
  }
  const readBytes = (replayBytes * forMs) / Math.max(1, replayMs)
  if (readBytes >= riseBytes) return undefined
  const says =
    `At the pace of the client that got everything, ${mebibytes(readBytes)} can be read in ` +
    `${seconds(forMs * 1_000)}; ${wanted(riseBytes)}.`
  return { rule: 'too-slow', says, fix: 'repeat the run on a less busy machine' }
}
