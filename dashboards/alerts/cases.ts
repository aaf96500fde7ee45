/** The cases of every rule, by its name. */
import { availability } from './cases/availability.ts'
import { clients } from './cases/clients.ts'
import { kafka } from './cases/kafka.ts'
import { lag } from './cases/lag.ts'
import { monitoring } from './cases/monitoring.ts'
import { records } from './cases/records.ts'
import { replay } from './cases/replay.ts'
import { resources } from './cases/resources.ts'
import type { RuleCase } from './case.ts'
import type { AlertName } from './table.ts'

export const cases: Readonly<Record<AlertName, readonly RuleCase[]>> = {
  ...availability,
  ...kafka,
  ...lag,
  ...records,
  ...clients,
  ...replay,
  ...resources,
  ...monitoring,
}
