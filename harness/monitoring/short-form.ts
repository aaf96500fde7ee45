/**
 * The times of the alert rules in a run: those of production, divided, so that a scenario sees in
 * a minute what takes production twenty.
 */
import { shortForm } from '../../dashboards/alerts/form.ts'

/** Five minutes are 15 s: long enough for fifteen scrapes, short enough for a scenario. */
const shorterBy = 20
export const runForm = shortForm(shorterBy)

/** Between two scrapes, and between two evaluations. */
export const ruleEveryMs = runForm.evaluationMs

/** How long minutes of production are in a run. */
export const shortMinutes = (count: number): number => runForm.span(count * 60_000)
