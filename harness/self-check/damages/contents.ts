/** Bytes that are not what was produced, and records that are not where they were produced. */
import { edited, type Damage, type Given } from '../damage.ts'
import { changeDeliveries, editKind, insert, runsOf, type Row } from '../edit.ts'
import { plainRecord } from '../places.ts'

/** The first sight of one record with its checksum or its length changed. */
function altered(given: Given, crcBits: number, shorterBy: number) {
  const record = plainRecord(given)
  if (record === undefined) return undefined
  return edited(
    editKind(given.events, 'seen', (sight) => {
      const [kind, t, partition, first, crcs, bytes] = sight
      const i = record.offset - Number(first)
      const [crc, length] = [crcs[i], bytes[i]]
      if (partition !== record.partition || crc === undefined || length === undefined) {
        return [sight]
      }
      const otherCrcs = crcs.with(i, (crc ^ crcBits) >>> 0)
      return [[kind, t, partition, first, otherCrcs, bytes.with(i, length - shorterBy)]]
    }),
  )
}

export const contents: readonly Damage[] = [
  {
    name: 'a byte is altered',
    says: 'The bytes of a record that clients get have another checksum than those produced.',
    finds: ['garbled'],
    apply: (given) => altered(given, 1, 0),
  },
  {
    name: 'a length is altered',
    says: 'A record reaches clients one byte shorter than it was produced.',
    finds: ['garbled'],
    apply: (given) => altered(given, 0, 1),
  },
  {
    name: 'a byte is altered at one client',
    says: 'One client gets other bytes of a record than the others.',
    finds: ['garbled'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      const { client, partition, offset, t } = record
      const why = 'other bytes than at first sight'
      return edited(
        insert(given.events, client, t, ['garbled', t, client, partition, String(offset), why]),
      )
    },
  },
  {
    name: 'a record that was never produced',
    says: 'A client gets a record beyond the end of the log.',
    finds: ['unexpected'],
    apply(given) {
      const record = plainRecord(given)
      const last = given.history.stream().records.get(record?.partition ?? -1)?.lastOffset
      if (record === undefined || last === undefined) return undefined
      const live = given.history.stream().deliveries.get(record.client)?.runs(record.partition)
      const t = (live?.at(-1)?.until ?? record.t) + 1
      const stranger: Row = { ...record, offset: last + 5, t }
      return edited(insert(given.events, record.client, t, ...runsOf([stranger])))
    },
  },
  {
    name: 'a record in a wrong partition',
    says: 'The cursor before a record names a wrong partition.',
    finds: ['skip', 'lost', 'unexpected', 'duplicate', 'garbled', 'nonmonotonic'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      const { client, partition, offset } = record
      const where = { clients: [client], partition, first: offset, last: offset }
      const other = [...given.history.stream().records.keys()].find((one) => one !== partition)
      if (other === undefined) return undefined
      return edited(changeDeliveries(given.events, where, (row) => ({ ...row, partition: other })))
    },
  },
]
