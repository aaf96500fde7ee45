/** The shapes of `report.json` and `nightly.json` as JSON Schemas, for readers in any language. */
import { z } from 'zod'
import { reportSchema } from './model.ts'
import { nightSchema } from './night.ts'

/** Fields may be added within a version: a reader must not refuse those that it does not know. */
export const printReportSchema = (): string =>
  printed('report.json of DashStream Chaos, and what run --json prints', reportSchema)

/** Of what a night found. */
export const printNightSchema = (): string =>
  printed('nightly.json of DashStream Chaos, and what nightly --json prints', nightSchema)

function printed(title: string, of: z.ZodType): string {
  const schema = z.toJSONSchema(of, { io: 'input', reused: 'ref' })
  return `${JSON.stringify({ title, ...schema }, undefined, 2)}\n`
}
