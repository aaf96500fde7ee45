/** What the panels of the relay ask with: its tables, and the targets that its variables choose. */
import { queriesOf } from '../kit/query.ts'
import { tables } from '../metrics/tables.ts'

export const ask = queriesOf({ run: '$run', instance: '$instance' })
export const { relay, foreign } = tables
