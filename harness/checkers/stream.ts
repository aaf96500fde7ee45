/**
 * The whole stream, end to end: every acknowledged record is delivered once and in order, replayed,
 * declared missing for a reason that the harness saw, dead-lettered because it was malformed, or
 * owed to no client. Anything else is a named anomaly.
 */
import type { History } from '../history/history.ts'
import { Ranges } from '../history/ranges.ts'
import type { Session } from '../history/windows.ts'
import { account, type Account } from './stream/account.ts'
import { checker } from './checker.ts'
import { kafkaDefaults } from './reading/allowances.ts'
import { cannotTell, many, type Doubt } from './reading/conclude.ts'
import { causesOf } from './stream/causes.ts'
import { causelessEnds, closingFlaws } from './stream/closings.ts'
import type { Flaw } from './stream/flaw.ts'
import { stalledMsFor, type StreamLimits } from './stream/limits.ts'
import { missingFlaws } from './stream/missing.ts'
import { exemptions, validDeadLettered } from './stream/exempt.ts'
import { trustedStale } from './stream/epochs.ts'
import { rewindsOf } from './stream/excuses.ts'
import { endingOf } from './stream/owed.ts'
import { beyondRequest } from './stream/requests.ts'
import { resumesOf, resumesWithin } from './stream/resumes.ts'
import { alteredBytes, garbledFrames, unexpectedTest } from './stream/unexpected.ts'
import { streamJudgement } from './stream/verdict.ts'
import { streamSchema, type StreamOptions, type StreamFlaws } from './stream/options.ts'

export const stream = checker({
  says: 'Every acknowledged record reaches every client once, in order, or is accounted for.',
  options: streamSchema,
  judge(history, options) {
    const { acked, delivered } = history.stream()
    if (acked === 0) {
      const fix = 'see why the producer could not write to Kafka'
      return cannotTell('no-records', 'No record was acknowledged by Kafka.', fix)
    }
    if (delivered === 0) {
      const fix = 'check that clients could connect, and that the relay read from Kafka'
      return cannotTell('no-deliveries', 'No client received a record.', fix)
    }
    return streamJudgement(history, streamFlaws(history, options), options)
  },
})

const limitsOf = (options: StreamOptions): StreamLimits => ({
  stalledMs: options.stalledMs ?? stalledMsFor(),
  sessionTimeoutMs: options.sessionTimeoutMs ?? kafkaDefaults.sessionTimeoutMs,
  declaredLossMax: options.declaredLossMax ?? 0,
  replayOverlapMax: options.replayOverlapMax ?? 0,
  replayRecordsMax: options.replayRecordsMax,
  replayTimeoutMs: options.replayTimeoutMs,
  retainedRecords: options.retainedRecords,
  ringRecordsMax: options.ringRecordsMax,
  slowGroups: options.slowGroups ?? [],
})

/** Finds the flaws of the stream to the clients of the options' groups (default: all). */
export function streamFlaws(history: History, options: StreamOptions): StreamFlaws {
  const { groups, haltsAtPoison = false } = options
  const limits = limitsOf(options)
  const isJudged = ({ group }: Session) => groups === undefined || groups.includes(group)
  const causes = causesOf(history, limits.slowGroups)
  const ending = endingOf(history)
  const causeless = causelessEnds(history, causes, ending, limits)
  const accounts = accountsOf(history, isJudged, rewindsOf(history, causes))
  const exempt = exemptions(history, haltsAtPoison)
  const bearings = {
    history,
    accounts,
    exempt,
    causes,
    causeless,
    ending,
    limits,
    haltsAtPoison,
  }
  const missing = missingFlaws(bearings)
  const strangersOf = unexpectedTest(history)
  const groupOf = (client: number) => history.sessions.get(client)?.find(isJudged)?.group
  const flaws = [
    ...missing.flaws,
    ...accounts.flatMap((one) => [
      ...one.flaws,
      ...strangersOf(one),
      ...leaks(one, exempt.get(one.partition)?.poison),
    ]),
    ...closingFlaws(causeless, isJudged),
    ...validDeadLettered(history),
    ...beyondRequest(history, accounts, causes, limits.replayOverlapMax),
    ...alteredBytes(history.stream()),
    ...garbledFrames(history, groupOf),
    ...trustedStale(history, (group) => groups === undefined || groups.includes(group)),
  ]
  const doubts = [...unsettled(ending.isSettled), ...missing.doubts, ...blind(accounts)]
  return { flaws, doubts, accounts, exempt, limits }
}

function accountsOf(
  history: History,
  isJudged: (session: Session) => boolean,
  rewinds: ReturnType<typeof rewindsOf>,
): Account[] {
  const { records, deliveries } = history.stream()
  const resumes = resumesOf(history)
  const excuses = {
    rewinds: (partition: number) => rewinds.get(partition) ?? [],
    resumes: ({ client, begin, end }: Session) =>
      resumesWithin(resumes.get(client) ?? [], begin, end),
  }
  const partitions = new Set([...records.keys(), ...partitionsOf(history)])
  return [...history.sessions].flatMap(([client, sessions]) => {
    if (!sessions.some(isJudged)) return []
    return [...partitions].map((partition) =>
      account(client, partition, sessions, deliveries.get(client)?.runs(partition) ?? [], excuses),
    )
  })
}

const partitionsOf = (history: History): Set<number> =>
  new Set([...history.stream().deliveries.values()].flatMap(({ partitions }) => partitions))

function unsettled(isSettled: boolean): Doubt[] {
  if (isSettled) return []
  const says = 'The run ended before it had settled: late and lost records look the same.'
  return [{ rule: 'not-settled', says, fix: 'let the run finish' }]
}

/** Redeliveries need a commit to start after. */
function blind(accounts: readonly Account[]): Doubt[] {
  const records = accounts.reduce((sum, one) => sum + one.redeliveredBlindly, 0)
  if (records === 0) return []
  const says =
    `${many(records, 'record')} came again after a restart, and the committed offset before it ` +
    'is not known.'
  const fix = 'run again; before the restart the lag sampler needs one answer from Kafka'
  return [{ rule: 'commit-unknown', says, fix }]
}

function leaks({ client, partition, received, sessions }: Account, poison = new Ranges()): Flaw[] {
  const group = sessions[0]?.session.group ?? ''
  const runs = sessions.flatMap((session) => session.runs)
  const leaked = received.all.flatMap(({ first, last }) => poison.within(first, last))
  return leaked.map(({ first, last }): Flaw => {
    const at = runs.find((run) => run.first <= first && run.last >= first)?.from ?? 0
    const size = last - first + 1
    return { kind: 'malformed-leaked', client, group, partition, first, last, count: size, at }
  })
}
