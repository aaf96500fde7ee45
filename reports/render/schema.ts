/** The shape of `report.json` as a JSON Schema, for readers in any language. */
import { z } from 'zod'
import { reportSchema } from './model.ts'

/** Fields may be added within a version: a reader must not refuse those that it does not know. */
export function printReportSchema(): string {
  const schema = z.toJSONSchema(reportSchema, { io: 'input', reused: 'ref' })
  const title = 'report.json of DashStream Chaos, and what run --json prints'
  return `${JSON.stringify({ title, ...schema }, undefined, 2)}\n`
}
