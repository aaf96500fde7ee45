/**
 * PromQL from the rows of the metric tables. A metric, a label or a label's value that does not
 * exist does not compile; nor does a counter outside `rate` and `increase`, or a rate of a gauge.
 * A query knows its unit and the labels of its answer.
 */
import { targetLabels, type TargetLabel } from '../metrics/tables.ts'
import type { SeriesRow } from '../metrics/series-row.ts'
import { perSecondOf, unitOf, type Unit } from './units.ts'

export interface Query<L extends string = string> {
  readonly promql: string
  readonly unit: Unit
  /** Labels that the answer may have. */
  readonly labels: readonly L[]
}

type Kind<K extends SeriesRow['kind']> = SeriesRow & { readonly kind: K }
type LabelOf<R extends SeriesRow> = (keyof R['labels'] & string) | TargetLabel
type ValueOf<V> = V extends readonly (infer One)[] ? One : string
/** What is asked of a metric's own labels: one value, or one of several. */
export type Where<R extends SeriesRow> = {
  readonly [L in keyof R['labels']]?: ValueOf<R['labels'][L]> | readonly ValueOf<R['labels'][L]>[]
}
/** What is asked of the labels of the target: a variable, of which several may be chosen. */
export type Scope = Readonly<Partial<Record<TargetLabel, string>>>

/** Long enough for a rate at every zoom: at least four scrapes. */
const rateWindow = '$__rate_interval'
/** All that the dashboard shows. */
const wholeWindow = '$__range'

function selector(row: SeriesRow, scope: Scope, where: object, ending = '', window = ''): string {
  const asked: Readonly<Record<string, string | readonly string[]>> = { ...scope, ...where }
  const matchers = Object.entries(asked).map(([label, wanted]) => {
    if (typeof wanted !== 'string') return `${label}=~"${wanted.join('|')}"`
    return `${label}${wanted.startsWith('$') ? '=~' : '='}"${wanted}"`
  })
  const braces = matchers.length === 0 ? '' : `{${matchers.join(', ')}}`
  return `${row.name}${ending}${braces}${window === '' ? '' : `[${window}]`}`
}

const labelsOf = <R extends SeriesRow>(row: R): LabelOf<R>[] => [
  ...(Object.keys(row.labels) as LabelOf<R>[]),
  ...targetLabels,
]

/** Questions about histograms: the labels that stay are named, all others are summed away. */
const histogramsOf = (scope: Scope) => ({
  /** A quantile; NaN while nothing is observed. */
  quantile: <R extends Kind<'histogram'>, L extends LabelOf<R> = never>(
    quantile: number,
    row: R,
    by: readonly L[] = [],
    where: Where<R> = {},
  ): Query<L> => {
    const [ending, labels] = row.isNative === true ? ['', by] : ['_bucket', ['le', ...by]]
    const buckets = `rate(${selector(row, scope, where, ending, rateWindow)})`
    const promql = `histogram_quantile(${quantile}, ${aggregate('sum', buckets, labels)})`
    return { promql, unit: unitOf(row), labels: by }
  },
  /** The mean; NaN while nothing is observed. */
  mean: <R extends Kind<'histogram'>, L extends LabelOf<R> = never>(
    row: R,
    by: readonly L[] = [],
    where: Where<R> = {},
  ): Query<L> => {
    const part = (ending: string) =>
      aggregate('sum', `rate(${selector(row, scope, where, ending, rateWindow)})`, by)
    return { promql: `${part('_sum')} / ${part('_count')}`, unit: unitOf(row), labels: by }
  },
})

/** The queries of a dashboard: each is limited to the targets that its variables choose. */
export function queriesOf(scope: Scope) {
  const ask = <R extends SeriesRow>(
    row: R,
    promql: string,
    unit: Unit,
  ): Query<LabelOf<R>> => ({ promql, unit, labels: labelsOf(row) })
  const grows = (row: SeriesRow, by: string, where: object, window: string) =>
    `${by}(${selector(row, scope, where, row.kind === 'histogram' ? '_count' : '', window)})`
  return {
    /** A gauge as it is. */
    gauge: <R extends Kind<'gauge'>>(row: R, where: Where<R> = {}, target: Scope = {}) =>
      ask(row, selector(row, { ...scope, ...target }, where), unitOf(row)),
    /** The highest value of a gauge in all that is shown. */
    peak: <R extends Kind<'gauge'>>(row: R, where: Where<R> = {}) =>
      ask(row, `max_over_time(${selector(row, scope, where, '', wholeWindow)})`, unitOf(row)),
    /** The mean of a gauge over all that is shown. */
    meanOverTime: <R extends Kind<'gauge'>>(row: R, where: Where<R> = {}) =>
      ask(row, `avg_over_time(${selector(row, scope, where, '', wholeWindow)})`, unitOf(row)),
    /** How much a counter grows each second; of a histogram, how many were observed. */
    rate: <R extends Kind<'counter' | 'histogram'>>(row: R, where: Where<R> = {}) =>
      ask(
        row,
        grows(row, 'rate', where, rateWindow),
        row.kind === 'histogram' ? 'cps' : perSecondOf(unitOf(row)),
      ),
    /** How much a histogram's observations add up to in each second: of durations, a share. */
    sumRate: <R extends Kind<'histogram'>>(row: R, where: Where<R> = {}) =>
      ask(
        row,
        `rate(${selector(row, scope, where, '_sum', rateWindow)})`,
        perSecondOf(unitOf(row)),
      ),
    /** How much a counter grew, from one point of a chart to about the next. */
    increase: <R extends Kind<'counter' | 'histogram'>>(row: R, where: Where<R> = {}) =>
      ask(row, grows(row, 'increase', where, rateWindow), unitOf(row)),
    /** How much a counter grew in all that is shown. */
    growth: <R extends Kind<'counter' | 'histogram'>>(row: R, where: Where<R> = {}) =>
      ask(
        row,
        grows(row, 'increase', where, wholeWindow),
        row.kind === 'histogram' ? 'short' : unitOf(row),
      ),
    ...histogramsOf(scope),
    /** Seconds since the Unix time that a gauge holds. */
    since: <R extends Kind<'gauge'>>(row: R, where: Where<R> = {}) =>
      ask(row, `time() - ${selector(row, scope, where)}`, 's'),
    /** Seconds until the Unix time that a gauge holds. */
    until: <R extends Kind<'gauge'>>(row: R, where: Where<R> = {}) =>
      ask(row, `${selector(row, scope, where)} - time()`, 's'),
  }
}

const aggregate = (how: string, promql: string, by: readonly string[]) =>
  `${how}${by.length === 0 ? '' : ` by (${by.join(', ')})`} (${promql})`

const aggregation =
  (how: 'sum' | 'max' | 'min' | 'count') =>
  <L extends string, B extends L = never>(query: Query<L>, by: readonly B[] = []): Query<B> => ({
    promql: aggregate(how, query.promql, by),
    unit: query.unit,
    labels: by,
  })

/** Over all series of the answer, by the labels that stay. */
export const sum = aggregation('sum')
export const max = aggregation('max')
export const min = aggregation('min')

const operand = (promql: string) => (/ [-+*/><]=? /.test(promql) ? `(${promql})` : promql)

/** A share: both must have the same labels. Nothing, or NaN, where the whole is 0. */
export const share = <L extends string>(part: Query<L>, whole: Query<L>): Query<L> => ({
  promql: `${operand(part.promql)} / ${operand(whole.promql)}`,
  unit: 'percentunit',
  labels: part.labels,
})

/** A limit that is far exceeded is drawn as twice the limit, or nothing else would be seen. */
const usedMax = 2

/** How much of a limit is used. */
export const ofLimit = <L extends string>(limit: number, query: Query<L>): Query<L> => ({
  promql: `clamp_max(${operand(query.promql)} / ${limit}, ${usedMax})`,
  unit: 'percentunit',
  labels: query.labels,
})

/** A query against the same of one other series set, whose labels are a part of its own. */
export const comparedTo = <L extends string, B extends L>(
  query: Query<L>,
  base: Query<B>,
): Query<L> => ({
  promql:
    `${operand(query.promql)} / on (${base.labels.join(', ')}) group_left ` +
    `${operand(base.promql)} - 1`,
  unit: 'percentunit',
  labels: query.labels,
})

/** Only values from a number on: a gauge that says "never" as -1 is absent then. */
export const from = <L extends string>(least: number, query: Query<L>): Query<L> => ({
  ...query,
  promql: `${operand(query.promql)} >= ${least}`,
})
