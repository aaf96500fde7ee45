/**
 * The two renderings of the rules. `production` has the times of the rows. A short form divides
 * them by a factor, so that a scenario sees in a minute what takes production ten. Counts, rates
 * and shares stay as they are: the load of a scenario is as large as that of production.
 */

export interface Form {
  readonly scrapeMs: number
  readonly evaluationMs: number
  /** A range of PromQL, such as `5m`: it always holds enough scrapes for a rate. */
  window(ms: number): string
  /** A time to compare an age with, in seconds. */
  age(ms: number): number
  /** A time that only passes, such as a rule's `for`. */
  span(ms: number): number
}

/** A rate needs two scrapes; with four it survives a failed one and one that comes late. */
const windowScrapesMin = 4
/** Ages are exported in whole seconds and one scrape late: below this they say nothing. */
const ageScrapesMin = 2

const formOf = (scrapeMs: number, evaluationMs: number, factor: number): Form => ({
  scrapeMs,
  evaluationMs,
  window: (ms) => durationText(Math.max(roundUp(ms / factor), windowScrapesMin * scrapeMs)),
  age: (ms) => Math.max(roundUp(ms / factor), ageScrapesMin * scrapeMs) / 1_000,
  span: (ms) => roundUp(ms / factor),
})

/** To whole seconds: what Prometheus shows must be readable. */
const roundUp = (ms: number) => Math.ceil(ms / 1_000) * 1_000

/** Prometheus' own default interval, and DashFlow's. */
const productionMs = 15_000
export const production: Form = formOf(productionMs, productionMs, 1)

const shortMs = 1_000
/**
 * Scraped and evaluated each second.
 *
 * @param factor by which times are divided
 */
export const shortForm = (factor: number): Form => formOf(shortMs, shortMs, factor)

/** As Prometheus writes a duration: `90s` is `1m30s`. */
export function durationText(ms: number): string {
  if (ms === 0) return '0s'
  const [hours, inHour] = [Math.floor(ms / 3_600_000), ms % 3_600_000]
  const [minutes, inMinute] = [Math.floor(inHour / 60_000), inHour % 60_000]
  const [seconds, rest] = [Math.floor(inMinute / 1_000), inMinute % 1_000]
  const parts = [
    [hours, 'h'],
    [minutes, 'm'],
    [seconds, 's'],
    [rest, 'ms'],
  ] as const
  return parts
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join('')
}
