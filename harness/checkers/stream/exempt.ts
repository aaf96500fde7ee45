/**
 * Records that no client is owed: those that the relay must not forward, malformed ones that it
 * dead-lettered, and those after a malformed record at which the relay is configured to stop. A
 * valid record stays owed, even if it was dead-lettered.
 */
import type { History } from '../../history/history.ts'
import { Ranges } from '../../history/ranges.ts'
import type { PartitionRecords } from '../../history/records.ts'
import { isRefusable, relayReaction } from '../../records/malformed.ts'
import type { Flaw } from './flaw.ts'

/** What is exempt in one partition. */
export interface Exempt {
  /** Malformed records that must reach no client. */
  readonly poison: Ranges
  /** Everything that is owed to no client; includes `poison`. */
  readonly all: Ranges
}

/** Exemptions by partition. `haltsAtPoison`: the relay stops a partition at a malformed record. */
export function exemptions(
  history: History,
  haltsAtPoison: boolean,
): ReadonlyMap<number, Exempt> {
  const deadLetters = deadLettered(history)
  const exempt = new Map<number, Exempt>()
  for (const [partition, records] of history.stream().records) {
    const poison = oddOf(records, (kind) => isRefusable(kind) && !mayForward(kind))
    const all = new Ranges()
    all.addAll(poison.all)
    for (const offset of deadLetters.get(partition) ?? []) {
      if (records.malformed.has(offset)) all.add(offset, offset)
    }
    const halt = haltsAtPoison ? refusableIn(records).first : undefined
    if (halt !== undefined) all.add(halt, records.lastOffset)
    exempt.set(partition, { poison, all })
  }
  return exempt
}

/** Whether a relay may also forward it: a record neither forwarded nor refused is owed. */
export function mayForward(kind: string): boolean {
  const reaction = relayReaction(kind)
  return reaction?.does === 'dead-letters' && reaction.mayForward === true
}

/** Records of a partition that a relay may refuse. */
export const refusableIn = (records: PartitionRecords): Ranges => oddOf(records, isRefusable)

function oddOf(records: PartitionRecords, isIt: (kind: string) => boolean): Ranges {
  const odd = new Ranges()
  for (const [offset, kind] of records.malformed) {
    if (isIt(kind)) odd.add(offset, offset)
  }
  return odd
}

/** Offsets that dead-letter records name, by partition. */
export function deadLettered(history: History): ReadonlyMap<number, readonly number[]> {
  const offsets = new Map<number, number[]>()
  for (const { fields } of history.events('deadletter')) {
    const partition = Number(fields['kafka_partition'])
    const offset = Number(fields['kafka_offset'])
    if (!Number.isInteger(partition) || !Number.isInteger(offset)) continue
    const known = offsets.get(partition)
    if (known === undefined) offsets.set(partition, [offset])
    else known.push(offset)
  }
  return offsets
}

/** Dead letters about records that the producer did not make malformed. */
export function validDeadLettered(history: History): Flaw[] {
  const { records } = history.stream()
  return history.events('deadletter').flatMap(({ t: at, fields }): Flaw[] => {
    const partition = Number(fields['kafka_partition'])
    const offset = Number(fields['kafka_offset'])
    const acked = records.get(partition)
    if (acked === undefined || acked.indexOf(offset) < 0 || acked.malformed.has(offset)) return []
    const where = { client: -1, group: '', partition, first: offset, last: offset }
    const shows = { errorType: fields['error_type'] ?? null }
    return [{ kind: 'valid-dead-lettered', ...where, count: 1, at, shows }]
  })
}
