/**
 * The whole stream, end to end: every acknowledged record is delivered once and in order, replayed,
 * declared missing, dead-lettered, or owed to nobody. Anything else is an anomaly with a name.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import { Ranges } from '../history/ranges.ts'
import type { Session } from '../history/windows.ts'
import { account, type Account } from './stream/account.ts'
import type { Checker, Judgement } from './checker.ts'
import { cannotTell, conclude, type Violation } from './conclude.ts'
import { names, type GroupName } from './options.ts'
import { anomaliesOf, gravity, type Flaw } from './stream/flaw.ts'
import { missingFlaws } from './stream/missing.ts'
import { exemptions, type Exempt } from './stream/exempt.ts'
import { trustedStale } from './stream/epochs.ts'
import { excusesOf } from './stream/excuses.ts'
import { alteredBytes, garbledFrames, strangerTest } from './stream/strangers.ts'

/** What `stream` may be told. */
export interface StreamOptions<G extends string = string> {
  /** Groups to judge; default is all. */
  readonly groups?: readonly GroupName<G>[]
  /** The relay was told to stop a partition at a malformed record: nothing behind it is owed. */
  readonly haltsAtPoison?: boolean
}

export const stream: Checker<StreamOptions> = {
  says: 'Every acknowledged record reaches every client once, in order, or is accounted for.',
  options: z.strictObject({
    groups: names.exactOptional(),
    haltsAtPoison: z.boolean().exactOptional(),
  }),
  judge(history, { groups, haltsAtPoison = false }) {
    const { acked, delivered } = history.stream()
    if (acked === 0) return cannotTell('no-records', 'No record was acknowledged by Kafka.')
    if (delivered === 0) return cannotTell('no-deliveries', 'No client received a record.')
    return judgement(history, streamFlaws(history, groups, haltsAtPoison))
  },
}

/** What is wrong with the stream, and what was compared. */
export interface StreamFlaws {
  readonly flaws: readonly Flaw[]
  readonly accounts: readonly Account[]
  readonly exempt: ReadonlyMap<number, Exempt>
}

/** Finds the flaws of the stream to the clients of `groups` (default: all). */
export function streamFlaws(
  history: History,
  groups: readonly string[] | undefined,
  haltsAtPoison: boolean,
): StreamFlaws {
  const isJudged = ({ group }: Session) => groups === undefined || groups.includes(group)
  const judged = [...history.sessions].filter(([, sessions]) => sessions.some(isJudged))
  const exempt = exemptions(history, haltsAtPoison)
  const { records, deliveries } = history.stream()
  const excuses = excusesOf(history)
  const partitions = new Set([...records.keys(), ...partitionsOf(history)])
  const accounts = judged.flatMap(([client, sessions]) =>
    [...partitions].map((partition) =>
      account(client, partition, sessions, deliveries.get(client)?.runs(partition) ?? [], excuses),
    ),
  )
  const strangersOf = strangerTest(history)
  const groupOf = (client: number) => history.sessions.get(client)?.find(isJudged)?.group
  const flaws = [
    ...missingFlaws(history, accounts, exempt),
    ...accounts.flatMap((one) => [
      ...one.flaws,
      ...strangersOf(one),
      ...leaks(one, exempt.get(one.partition)?.poison),
    ]),
    ...alteredBytes(history.stream()),
    ...garbledFrames(history, groupOf),
    ...trustedStale(history, (group) => groups === undefined || groups.includes(group)),
  ]
  return { flaws, accounts, exempt }
}

const partitionsOf = (history: History): Set<number> =>
  new Set([...history.stream().deliveries.values()].flatMap(({ partitions }) => partitions))

function leaks({ client, partition, received, sessions }: Account, poison = new Ranges()): Flaw[] {
  const group = sessions[0]?.session.group ?? ''
  const runs = sessions.flatMap((session) => session.runs)
  const leaked = received.all.flatMap(({ first, last }) => poison.within(first, last))
  return leaked.map(({ first, last }): Flaw => {
    const at = runs.find((run) => run.first <= first && run.last >= first)?.from ?? 0
    const count = last - first + 1
    return { kind: 'malformed-leaked', client, group, partition, first, last, count, at }
  })
}

function judgement(history: History, { flaws, accounts }: StreamFlaws): Judgement {
  const anomalies = anomaliesOf(flaws)
  const ranked = gravity.flatMap((kind) => flaws.filter((flaw) => flaw.kind === kind))
  const unseen = anomalies.find(({ kind }) => kind === 'unseen')
  const violations = ranked
    .filter(({ kind }) => kind !== 'unseen')
    .map((flaw): Violation => ({ rule: flaw.kind, says: sentence(flaw, anomalies), at: flaw.at }))
  const { acked, delivered } = history.stream()
  const redelivered = accounts.reduce((sum, one) => sum + one.redelivered, 0)
  return conclude({
    violations,
    doubts: [
      unseen && {
        rule: 'unseen',
        says: `${unseen.count} records were still not taken by the relay when the run ended.`,
      },
    ],
    holds: {
      rule: 'whole',
      says: `All ${acked} records are accounted for at every client (${delivered} deliveries).`,
    },
    exercised: delivered,
    evidence: { acked, delivered, redelivered, clients: history.sessions.size },
    anomalies,
  })
}

function sentence(flaw: Flaw, anomalies: ReturnType<typeof anomaliesOf>): string {
  const anomaly = anomalies.find(({ kind }) => kind === flaw.kind)
  return `${anomaly?.says ?? flaw.kind} (${anomaly?.count ?? flaw.count} times)`
}
