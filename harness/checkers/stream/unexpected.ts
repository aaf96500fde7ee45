/** Records that clients got but that were never produced, and bytes other than those produced. */
import type { History, Stream } from '../../history/history.ts'
import type { PartitionRecords } from '../../history/records.ts'
import type { Account } from './account.ts'
import type { Flaw } from './flaw.ts'

/** First sights whose bytes are not those that Kafka acknowledged. */
export function alteredBytes({ sights, records }: Stream): Flaw[] {
  const flaws: Flaw[] = []
  for (const { t, partition, offset, crc, bytes } of sights) {
    const acked = records.get(partition)
    const index = acked?.indexOf(offset) ?? -1
    if (acked === undefined || index < 0) continue
    if (acked.crcs[index] === crc && acked.bytes[index] === bytes) continue
    flaws.push({
      kind: 'garbled',
      client: -1,
      group: '',
      partition,
      first: offset,
      last: offset,
      count: 1,
      at: t,
      shows: {
        producedCrc: acked.crcs[index] ?? null,
        producedBytes: acked.bytes[index] ?? null,
        gotCrc: crc,
        gotBytes: bytes,
      },
    })
  }
  return flaws
}

/** Deliveries and frames that the fleet itself called broken. */
export function garbledFrames(history: History, groupOf: (client: number) => string | undefined) {
  return history.events('garbled').flatMap(([, at, client, partition, offset, why]): Flaw[] => {
    const group = groupOf(client)
    if (group === undefined) return []
    const [first, last] = [Number(offset), Number(offset)]
    const where = { client, group, partition, first, last }
    return [{ kind: 'garbled', ...where, count: 1, at, shows: { why } }]
  })
}

/** Tells unexpectedRecords from records that a failed send stored all the same. */
export function unexpectedTest(history: History): (account: Account) => Flaw[] {
  const uncertain = new Set<number>()
  for (const [, , , isCertain, , records] of history.events('unacked')) {
    if (!isCertain) for (const [, , , crc] of records) uncertain.add(crc >>> 0)
  }
  const { records, sights } = history.stream()
  const stored = new Set<string>()
  for (const { partition, offset, crc } of uncertain.size > 0 ? sights : []) {
    if (uncertain.has(crc)) stored.add(`${partition}/${offset}`)
  }
  return (account) => unexpectedRecords(account, records.get(account.partition), stored)
}

function unexpectedRecords(
  { client, partition, sessions }: Account,
  records: PartitionRecords | undefined,
  stored: ReadonlySet<string>,
): Flaw[] {
  const flaws: Flaw[] = []
  for (const { session, runs } of sessions) {
    for (const { first, last, from: at } of runs) {
      if (records !== undefined && isAllAcked(first, last, records)) continue
      for (let offset = first; offset <= last; offset += 1) {
        if ((records?.indexOf(offset) ?? -1) >= 0 || stored.has(`${partition}/${offset}`)) continue
        const where = { client, group: session.group, partition, first: offset, last: offset }
        flaws.push({ kind: 'unexpected', ...where, count: 1, at })
      }
    }
  }
  return flaws
}

function isAllAcked(first: number, last: number, records: PartitionRecords): boolean {
  const from = records.indexOf(first)
  return from >= 0 && records.offsets[from + last - first] === last
}
