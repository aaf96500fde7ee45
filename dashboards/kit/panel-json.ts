/** Grafana's JSON of a panel, by its own builders. */
import {
  GraphThresholdsStyleConfigBuilder,
  ReduceDataOptionsBuilder,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  type DataSourceRef,
} from '@grafana/grafana-foundation-sdk/common'
import {
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type GridPos,
  type Panel as PanelJson,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as BandsBuilder } from '@grafana/grafana-foundation-sdk/statetimeline'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as LinesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import {
  checkLegends,
  unitOfPanel,
  type BandsPanel,
  type Level,
  type LinesPanel,
  type Panel,
  type StatPanel,
  type TablePanel,
} from './panel.ts'

/** The datasource that the dashboard's variable chooses: it may be another Prometheus. */
export const chosenDatasource: DataSourceRef = { type: 'prometheus', uid: '${datasource}' }

const colours: Readonly<Record<Level, string>> = { good: 'green', warn: 'orange', bad: 'red' }
/** Where no value is better than another; 0 is no band. */
const neutral = { stat: 'text', lines: 'text', table: 'text', bands: 'transparent' } as const

/** Name of a query in its panel: `A`, `B`, … */
export const refIdOf = (index: number): string => String.fromCodePoint(65 + index)

type AnyBuilder = LinesBuilder | StatBuilder | BandsBuilder | TableBuilder

/**
 * @param minStep of its queries, where the samples are closer than the datasource says
 * @throws Error if its legends or units do not fit its queries
 */
export function panelJson(panel: Panel, place: GridPos, minStep?: string): PanelJson {
  checkLegends(panel)
  return dressed(builderOf(panel), panel, place, minStep).build()
}

function builderOf(panel: Panel): AnyBuilder {
  if (panel.kind === 'lines') return lines(panel)
  if (panel.kind === 'stat') return stat(panel)
  return panel.kind === 'bands' ? bands(panel) : table(panel)
}

/** What all kinds have. */
function dressed(
  builder: AnyBuilder,
  panel: Panel,
  place: GridPos,
  minStep: string | undefined,
): AnyBuilder {
  const { id, title, shows, todo, asks, kind } = panel
  const { base = 'good', thresholds = [], noValue } = panel
  const steps = thresholds.map(({ from, level }) => ({ value: from, color: colours[level] }))
  const isNeutral = thresholds.length === 0 || kind === 'bands'
  const first = { value: null, color: isNeutral ? neutral[kind] : colours[base] }
  builder
    .id(id)
    .title(title)
    .description(`${shows}\n\n**What to do:** ${todo}`)
    .datasource(chosenDatasource)
    .gridPos(place)
    .unit(unitOfPanel(panel))
    .thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([first, ...steps]),
    )
  if (noValue !== undefined) builder.noValue(noValue)
  for (const [index, { query, legend }] of asks.entries()) {
    const target = new DataqueryBuilder()
      .refId(refIdOf(index))
      .datasource(chosenDatasource)
      .expr(query.promql)
      .legendFormat(legend)
    if (minStep !== undefined) target.interval(minStep)
    builder.withTarget(inTime(target, kind))
  }
  return builder
}

/**
 * A stat asks for now: the last value within the range would show a relay that is gone since half
 * an hour as it was.
 */
function inTime(target: DataqueryBuilder, kind: Panel['kind']): DataqueryBuilder {
  if (kind === 'table') return target.instant().format(PromQueryFormat.Table)
  return kind === 'stat' ? target.instant() : target.range()
}

const legend = () =>
  new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(true)

/** All lines at once, the highest first. */
const tooltip = () =>
  new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending)

function lines({ asks, thresholds = [] }: LinesPanel): LinesBuilder {
  const builder = new LinesBuilder()
    .legend(legend())
    .tooltip(tooltip())
    .lineWidth(1)
    .fillOpacity(5)
    .showPoints(VisibilityMode.Never)
    .axisSoftMin(0)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
  if (thresholds.length > 0) {
    builder.thresholdsStyle(
      new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed),
    )
  }
  for (const [index, { isLimit }] of asks.entries()) {
    if (isLimit !== true) continue
    builder.overrideByQuery(refIdOf(index), [
      { id: 'color', value: { mode: 'fixed', fixedColor: colours.bad } },
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 8] } },
      { id: 'custom.fillOpacity', value: 0 },
    ])
  }
  return builder
}

function stat({ words }: StatPanel): StatBuilder {
  const builder = new StatBuilder()
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
  if (words === undefined) return builder
  const options = Object.fromEntries(
    Object.entries(words).map(([value, text]) => [value, { text }]),
  )
  return builder.mappings([{ type: MappingType.ValueToText, options }])
}

/** No band, not a green one, where the value is 0. */
function bands(_panel: BandsPanel): BandsBuilder {
  return new BandsBuilder()
    .legend(legend().showLegend(false))
    .showValue(VisibilityMode.Never)
    .rowHeight(0.8)
    .fillOpacity(70)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
}

/** Grafana joins the answers by their label; their columns are called `Value #A` and so on. */
function table({ asks, rowLabel }: TablePanel): TableBuilder {
  const named = asks.map(({ legend: head }, index) => [`Value #${refIdOf(index)}`, head])
  const indexByName = Object.fromEntries(
    [rowLabel, ...named.map(([column]) => column)].map((column, index) => [column, index]),
  )
  const builder = new TableBuilder().transformations([
    { id: 'merge', options: {} },
    {
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName,
        renameByName: Object.fromEntries(named),
      },
    },
  ])
  for (const { legend: head, query } of asks) {
    // A count over a range is extrapolated to its ends: 2 connections are shown as 2.0024.
    const whole = query.unit === 'short' ? [{ id: 'decimals', value: 0 }] : []
    builder.overrideByName(head, [{ id: 'unit', value: query.unit }, ...whole])
  }
  return builder
}
