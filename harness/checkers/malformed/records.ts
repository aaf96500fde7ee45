/** The malformed records of a run, with the right outcome of each. */
import type { History } from '../../history/history.ts'
import type { AckedRecord } from '../../history/records.ts'
import { malformedKinds, type Malformed } from '../../records/malformed.ts'

export interface Odd {
  readonly kind: string
  readonly row: Malformed
  readonly record: AckedRecord
}

/** All acknowledged malformed records of kinds that this version knows. */
export function malformedRecords(history: History): Odd[] {
  const rows: Readonly<Record<string, Malformed>> = malformedKinds
  return [...history.stream().records.values()].flatMap((records) =>
    [...records.malformed].flatMap(([offset, kind]) => {
      const row = rows[kind]
      if (row === undefined) return []
      return [{ kind, row, record: records.record(records.indexOf(offset)) }]
    }),
  )
}
