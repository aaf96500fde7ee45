/**
 * The series that the harness itself knows of a run, by the table of dashboards/metrics: what is
 * not in the table, or has other labels there, does not compile.
 */
import { anyValue } from '../../dashboards/metrics/series-row.ts'
import { runRows } from '../../dashboards/metrics/run-metrics.ts'
import { byPartition } from '../../relay/tables/metric-row.ts'
import { labelText } from './openmetrics.ts'
import { Timeline } from './timeline.ts'

export type RunSeriesName = keyof typeof runRows
type ValueOf<V> = V extends typeof anyValue | typeof byPartition
  ? string
  : V extends readonly string[]
    ? V[number]
    : never
/** The labels of a row, each with a value of its own. */
export type LabelsOf<K extends RunSeriesName> = {
  readonly [L in keyof (typeof runRows)[K]['labels']]: ValueOf<(typeof runRows)[K]['labels'][L]>
}

export class RunSeries {
  readonly #rows = new Map<RunSeriesName, Map<string, Timeline>>()

  /** The timeline of a series; a new one where there is none yet. */
  of<K extends RunSeriesName>(name: K, labels: LabelsOf<K>): Timeline {
    const own = this.#rows.get(name) ?? new Map<string, Timeline>()
    this.#rows.set(name, own)
    const text = labelText(labels)
    const timeline = own.get(text) ?? new Timeline()
    own.set(text, timeline)
    return timeline
  }

  /** Rows that have series, as the table has them; each with its series by their labels' text. */
  *all(): Generator<readonly [RunSeriesName, ReadonlyMap<string, Timeline>]> {
    for (const name of Object.keys(runRows) as RunSeriesName[]) {
      const own = this.#rows.get(name)
      if (own !== undefined) yield [name, own]
    }
  }
}
