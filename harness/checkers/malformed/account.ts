/** The account of every malformed record: where it went, and whether that was right. */
import type { DeadLetter } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { Violation } from '../conclude.ts'
import { points } from '../series.ts'
import type { Reactions } from './reactions.ts'
import type { Odd } from './records.ts'

/** Kinds whose bad value a careless client takes for text. */
const textKinds = new Set(['bad-patch-json', 'bad-patch-utf8'])
/** A record that a client has had before is refused for that, and rightly. */
const repeated = new Set(['redelivered', 'superseded'])

/** What is wrong with where the malformed records went. */
export function accountFor(
  history: History,
  odd: readonly Odd[],
  told: Reactions,
): Violation[] {
  const letters = Map.groupBy(history.events('deadletter'), ([, , fields]) =>
    place(fields['kafka_partition'], fields['kafka_offset']),
  )
  const mayRepeat = history.faults.length > 0
  const violations = odd.flatMap((one): Violation[] => {
    const { partition, offset } = one.record
    const own = letters.get(place(partition, offset)) ?? []
    switch (one.row.relay.does) {
      case 'dead-letters':
        return [...leaked(history, one), ...deadLettered(one, own, mayRepeat)]
      case 'counts-as-missing':
        return leaked(history, one)
      case 'forwards':
        return forwarded(one, told, own)
    }
    return []
  })
  return [...excused(history, violations), ...missingCount(history, odd)]
}

const place = (partition: unknown, offset: unknown): string =>
  `${Number(partition)}/${Number(offset)}`

const fault = (rule: string, { kind, record }: Odd, found: string, at = record.ackedAt) => ({
  rule,
  says: `A ${kind} record (partition ${record.partition}, offset ${record.offset}) ${found}.`,
  at,
})

/** Any client at all counts here, not only those that decode. */
function leaked(history: History, one: Odd): Violation[] {
  const { partition, offset } = one.record
  for (const [client, deliveries] of history.stream().deliveries) {
    const run = deliveries
      .runs(partition)
      .find(({ first, last }) => first <= offset && offset <= last)
    if (run === undefined) continue
    const found = `was to reach nobody; client ${client} got it`
    return [fault('leaked', one, found, run.from)]
  }
  return []
}

function deadLettered(one: Odd, own: readonly DeadLetter[], mayRepeat: boolean): Violation[] {
  const { relay } = one.row
  if (relay.does !== 'dead-letters') return []
  const [first] = own
  if (first === undefined) {
    return [fault('unaccounted', one, 'was to be dead-lettered; it left no trace')]
  }
  const violations: Violation[] = []
  if (own.length > 1 && !mayRepeat) {
    violations.push(fault('twice', one, `was dead-lettered ${own.length} times`, own[1]?.[1]))
  }
  const type = first[2]['error_type'] as string
  if (!(relay.errorTypes as readonly string[]).includes(type)) {
    const found = `was to be called ${relay.errorTypes.join(' or ')}; it was called ${type}`
    violations.push(fault('wrong-reason', one, found, first[1]))
  }
  return violations
}

/** Dead letters that the relay itself counted as lost are accounted for: that is its promise. */
function excused(history: History, violations: readonly Violation[]): readonly Violation[] {
  const failures = points(history.signal('dlqFailures')).at(-1)?.v ?? 0
  const traceless = violations.filter(({ rule }) => rule === 'unaccounted')
  if (traceless.length === 0 || failures < traceless.length) return violations
  return violations.filter(({ rule }) => rule !== 'unaccounted')
}

/** Records without a value leave only a number behind. */
function missingCount(history: History, odd: readonly Odd[]): Violation[] {
  const sent = odd.filter(({ row }) => row.relay.does === 'counts-as-missing')
  const [first] = sent
  if (first === undefined) return []
  const counted = points(history.signal('payloadMissing')).at(-1)?.v ?? 0
  if (counted >= sent.length) return []
  const found = `is one of ${sent.length} without a value; the relay counted ${counted}`
  return [fault('unaccounted', first, found)]
}

function forwarded(one: Odd, told: Reactions, own: readonly DeadLetter[]): Violation[] {
  const { partition, offset } = one.record
  const receivers = told.receivers(partition, offset)
  const [letter] = own
  if (letter !== undefined) {
    return [fault('wrong-reaction', one, 'was to be forwarded; it was dead-lettered', letter[1])]
  }
  if (receivers.length === 0) {
    return [fault('unaccounted', one, 'was to be forwarded; no client got it')]
  }
  return receivers.flatMap((client) => {
    const reasons = told
      .reasons(client, partition, offset)
      .filter((reason) => !repeated.has(reason))
    return reacted(one, client, reasons)
  })
}

function reacted(one: Odd, client: number, reasons: readonly string[]): Violation[] {
  const { client: wanted } = one.row
  const found = reasons.length === 0 ? 'took it without a word' : `refused it for ${reasons.join()}`
  if (wanted.does === 'applies') {
    if (reasons.length === 0) return []
    return [fault('wrong-reaction', one, `was to be applied; client ${client} ${found}`)]
  }
  if (wanted.does === 'never-sees') return []
  const right = wanted.reasons as readonly string[]
  if (reasons.some((reason) => right.includes(reason))) return []
  const isText = reasons.length === 0 && textKinds.has(one.kind)
  const rule = isText ? 'applied-as-text' : 'wrong-reaction'
  const reason = right.join(' or ')
  return [fault(rule, one, `was to be refused for ${reason}; client ${client} ${found}`)]
}
