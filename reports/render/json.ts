/** The report for machines. The shape is `Report`; `schemaVersion` changes when it does. */
import type { Report } from './model.ts'

export const renderJson = (report: Report): string => `${JSON.stringify(report, undefined, 2)}\n`
