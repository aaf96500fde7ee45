/**
 * How the reference clients reacted to the malformed records that they got. A thread of which a
 * client missed a record, or got one that must reach no client, is not judged: that is the relay's
 * fault, and judged elsewhere.
 */
import type { History } from '../../history/history.ts'
import type { Doubt } from '../reading/conclude.ts'
import { relayReaction } from '../../records/malformed.ts'
import { mayForward } from '../stream/exempt.ts'
import type { Reactions } from './reactions.ts'
import type { Odd } from './records.ts'
import { flaw, type Accounted } from './relay-account.ts'

/** Kinds whose bad value a careless client applies as text. */
const textKinds = new Set(['bad-patch-json', 'bad-patch-utf8'])
/** A client rightly refuses a record that it already had. */
const repeated = new Set(['redelivered', 'superseded'])

/** Which threads a client can be judged by. */
export type IsFit = (client: number, thread: string) => boolean

/** Only records that clients must see are judged here. */
export function clientAccount(
  odd: readonly Odd[],
  told: Reactions,
  isFit: IsFit,
): Accounted & { readonly refusals: number } {
  const visible = odd.filter(({ row }) => row.client.does !== 'never-sees')
  const seen = visible.flatMap((one) => {
    const { thread, partition, offset } = one.record
    const receivers = told.receivers(partition, offset)
    return receivers.filter((client) => isFit(client, thread)).map((client) => ({ one, client }))
  })
  const violations = seen.flatMap(({ one, client }) => {
    const { partition, offset } = one.record
    const reasons = told.reasons(client, partition, offset)
    return reacted(one, client, reasons.filter((reason) => !repeated.has(reason)))
  })
  const judged = visible.filter((one) => seen.some((sight) => sight.one === one))
  return {
    violations,
    doubts: unseen(visible.length, judged.length),
    judged,
    refusals: seen.filter(({ one: { record }, client }) => isRefused(told, client, record)).length,
  }
}

const isRefused = (told: Reactions, client: number, { partition, offset }: Odd['record']) =>
  told.reasons(client, partition, offset).some((reason) => !repeated.has(reason))

function unseen(visible: number, judged: number): Doubt[] {
  if (judged === visible) return []
  const says =
    `${judged} of ${visible} malformed records can be judged: those that reached a reference ` +
    'client which had all of their thread and did not doubt it before.'
  const fix =
    'see the verdicts on the relay and the stream (lost records), and on integers (misread in ' +
    'every state)'
  return [{ rule: 'not-delivered', says, fix }]
}

/** Threads that a client got as they were produced. */
export function wholeThreads(history: History, clients: readonly number[]): IsFit {
  const { records, deliveries } = history.stream()
  const broken = new Map(clients.map((client) => [client, new Set<string>()]))
  for (const [client, threads] of broken) {
    const own = deliveries.get(client)
    for (const [partition, acked] of records) {
      const runs = own?.runs(partition) ?? []
      for (let index = 0; index < acked.length; index += 1) {
        const { offset, thread, malformed } = acked.record(index)
        if (malformed !== undefined && mayForward(malformed)) continue
        const isDue = malformed === undefined || relayReaction(malformed)?.does === 'forwards'
        const hasCome = runs.some(({ first, last }) => first <= offset && offset <= last)
        if (isDue !== hasCome) threads.add(thread)
      }
    }
  }
  return (client, thread) => broken.get(client)?.has(thread) === false
}

/**
 * Threads that a client did not doubt before their malformed record: only there its reaction is
 * about that record. A client that refused valid records before any malformed one is no witness.
 */
export function soundThreads(history: History, odd: readonly Odd[]): IsFit {
  const { records } = history.stream()
  const unsound = new Set<string>()
  const firstAt = odd.reduce((first, { record }) => Math.min(first, record.sentAt), Infinity)
  const firstOdd = new Map<string, number>()
  for (const { record } of odd) {
    const known = firstOdd.get(record.thread) ?? record.offset
    firstOdd.set(record.thread, Math.min(record.offset, known))
  }
  for (const [, t, client, partition, at, reason] of history.events('refusal')) {
    const acked = records.get(partition)
    const index = acked?.indexOf(Number(at)) ?? -1
    if (acked === undefined || index < 0 || repeated.has(reason)) continue
    const { thread, offset } = acked.record(index)
    if (t < firstAt) unsound.add(`${client}`)
    if (offset < (firstOdd.get(thread) ?? 0)) unsound.add(`${client}/${thread}`)
  }
  return (client, thread) => !unsound.has(`${client}`) && !unsound.has(`${client}/${thread}`)
}

function reacted(one: Odd, client: number, reasons: readonly string[]) {
  const { client: wanted } = one.row
  const found = reasons.length === 0 ? 'did not refuse it' : `refused it for ${reasons.join()}`
  if (wanted.does === 'applies') {
    if (reasons.length === 0) return []
    return [flaw('wrong-reaction', one, `must be applied; client ${client} ${found}`)]
  }
  if (wanted.does === 'never-sees') return []
  const right = wanted.reasons as readonly string[]
  if (reasons.some((reason) => right.includes(reason))) return []
  const isText = reasons.length === 0 && textKinds.has(one.kind)
  const rule = isText ? 'applied-as-text' : 'wrong-reaction'
  const reason = right.join(' or ')
  return [flaw(rule, one, `must be refused for ${reason}; client ${client} ${found}`)]
}
