/**
 * What the reference clients made of the malformed records that they got. A thread of which a
 * client missed a record, or got one that must reach nobody, says nothing of the client: that is
 * the relay's doing, and judged elsewhere.
 */
import type { History } from '../../history/history.ts'
import type { Doubt } from '../conclude.ts'
import { relayReaction } from '../stream/exempt.ts'
import type { Reactions } from './reactions.ts'
import type { Odd } from './records.ts'
import { flaw, type Accounted } from './relay-account.ts'

/** Kinds whose bad value a careless client takes for text. */
const textKinds = new Set(['bad-patch-json', 'bad-patch-utf8'])
/** A record that a client has had before is refused for that, and rightly. */
const repeated = new Set(['redelivered', 'superseded'])

/** Which threads came to a client whole. */
export type IsWhole = (client: number, thread: string) => boolean

/** Only records that clients must see are judged here. */
export function clientAccount(
  odd: readonly Odd[],
  told: Reactions,
  isWhole: IsWhole,
): Accounted {
  const visible = odd.filter(({ row }) => row.client.does !== 'never-sees')
  const seen = visible.flatMap((one) => {
    const { thread, partition, offset } = one.record
    const receivers = told.receivers(partition, offset)
    return receivers.filter((client) => isWhole(client, thread)).map((client) => ({ one, client }))
  })
  const violations = seen.flatMap(({ one, client }) => {
    const { partition, offset } = one.record
    const reasons = told.reasons(client, partition, offset)
    return reacted(one, client, reasons.filter((reason) => !repeated.has(reason)))
  })
  const judged = visible.filter((one) => seen.some((sight) => sight.one === one))
  return { violations, doubts: unseen(visible.length, judged.length), judged }
}

function unseen(visible: number, judged: number): Doubt[] {
  if (judged === visible) return []
  const says =
    `Only ${judged} of ${visible} malformed records came to a reference client with the whole of ` +
    'their threads: what clients make of the others is unknown, because the relay lost records.'
  const fix = 'see own-1 and the verdict on the stream; both must pass before this can be judged'
  return [{ rule: 'not-delivered', says, fix }]
}

/** Threads that a client got as they were produced. */
export function wholeThreads(history: History, clients: readonly number[]): IsWhole {
  const { records, deliveries } = history.stream()
  const broken = new Map(clients.map((client) => [client, new Set<string>()]))
  for (const [client, threads] of broken) {
    const own = deliveries.get(client)
    for (const [partition, acked] of records) {
      const runs = own?.runs(partition) ?? []
      for (let index = 0; index < acked.length; index += 1) {
        const { offset, thread, malformed } = acked.record(index)
        const isDue = malformed === undefined || relayReaction(malformed)?.does === 'forwards'
        const hasCome = runs.some(({ first, last }) => first <= offset && offset <= last)
        if (isDue !== hasCome) threads.add(thread)
      }
    }
  }
  return (client, thread) => broken.get(client)?.has(thread) === false
}

function reacted(one: Odd, client: number, reasons: readonly string[]) {
  const { client: wanted } = one.row
  const found = reasons.length === 0 ? 'took it without a word' : `refused it for ${reasons.join()}`
  if (wanted.does === 'applies') {
    if (reasons.length === 0) return []
    return [flaw('wrong-reaction', one, `was to be applied; client ${client} ${found}`)]
  }
  if (wanted.does === 'never-sees') return []
  const right = wanted.reasons as readonly string[]
  if (reasons.some((reason) => right.includes(reason))) return []
  const isText = reasons.length === 0 && textKinds.has(one.kind)
  const rule = isText ? 'applied-as-text' : 'wrong-reaction'
  const reason = right.join(' or ')
  return [flaw(rule, one, `was to be refused for ${reason}; client ${client} ${found}`)]
}
