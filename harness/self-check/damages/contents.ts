/** Bytes that are not what was produced, and records that are not where they were produced. */
import { edited, type Damage } from '../damage.ts'
import { changeDeliveries, editKind, insert, runsOf, type Row } from '../edit.ts'
import { plainRecord } from '../places.ts'

export const contents: readonly Damage[] = [
  {
    name: 'a byte is altered',
    says: 'The bytes of a record that clients get have another checksum than those produced.',
    finds: ['garbled'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      return edited(
        editKind(given.events, 'seen', (sight) => {
          const [kind, t, partition, first, crcs, bytes] = sight
          const i = record.offset - Number(first)
          if (partition !== record.partition || crcs[i] === undefined) return [sight]
          return [[kind, t, partition, first, crcs.with(i, (crcs[i] ^ 1) >>> 0), bytes]]
        }),
      )
    },
  },
  {
    name: 'a length is altered',
    says: 'A record reaches clients one byte shorter than it was produced.',
    finds: ['garbled'],
    apply(given) {
      const record = plainRecord(given)
      if (record === undefined) return undefined
      return edited(
        editKind(given.events, 'seen', (sight) => {
          const [kind, t, partition, first, crcs, bytes] = sight
          const i = record.offset - Number(first)
          if (partition !== record.partition || bytes[i] === undefined) return [sight]
          return [[kind, t, partition, first, crcs, bytes.with(i, bytes[i] - 1)]]
        }),
      )
    },
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
    name: 'a record that nobody produced',
    says: 'A client gets a record from behind the end of the log.',
    finds: ['stranger'],
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
    says: 'The cursor before a record names another partition than the one it stands in.',
    finds: ['skip', 'lost', 'stranger', 'duplicate', 'garbled', 'nonmonotonic'],
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
