/** Faults, phases and limits as series: 0 or 1 each step, and at every edge. */
import type { EventOf } from '../history/event.ts'
import { faultsOf, phasesOf, type FaultWindow } from '../history/windows.ts'
import type { RunRecord } from '../judge/record.ts'
import { limitsOf } from './limits.ts'
import { msOf, type Observer } from './observer.ts'
import type { RunSeries } from './run-series.ts'
import type { Steps } from './steps.ts'
import type { Timeline } from './timeline.ts'

/** Limits need the memory samples, so this observer finishes behind that of the processes. */
export function windows(series: RunSeries, steps: Steps, record: RunRecord): Observer {
  const faults: EventOf<'fault'>[] = []
  const phases: EventOf<'phase'>[] = []
  return {
    sees: { fault: (event) => void faults.push(event), phase: (event) => void phases.push(event) },
    finish(endMs) {
      const [end, all] = [endMs * 1_000, phasesOf(phases.toSorted(byTime), endMs * 1_000)]
      const byFault = Map.groupBy(faultsOf(faults.toSorted(byTime), end), ({ id }) => id)
      for (const [fault, own] of byFault) {
        const says = saysOf(own[0])
        addWindows(series.of('faultActive', { fault, says }), own, steps, endMs)
      }
      for (const [phase, own] of Map.groupBy(all, ({ name }) => name)) {
        addWindows(series.of('phaseActive', { phase }), own, steps, endMs)
      }
      const peakIn = (name: string) => {
        const phase = all.find((one) => one.name === name)
        const memory = series.of('residentMemory', { role: 'relay' })
        return phase && memory.peak(msOf(phase.begin), msOf(phase.end))
      }
      for (const { rule, finding, unit, value } of limitsOf(record, peakIn)) {
        const line = series.of('ruleLimit', { rule, finding, unit })
        for (const ms of steps.edges(endMs)) line.add(ms, value)
      }
    },
  }
}

const byTime = (a: { readonly t: number }, b: { readonly t: number }) => a.t - b.t

/** The sentence that a fault has in reports. */
function saysOf(fault: FaultWindow | undefined): string {
  const { says } = fault?.spec ?? {}
  return typeof says === 'string' ? says : (fault?.id ?? '')
}

interface Span {
  readonly begin: number
  readonly end: number
}

/** 1 within any of the windows. */
function addWindows(line: Timeline, all: readonly Span[], steps: Steps, endMs: number): void {
  const edges = all.flatMap(({ begin, end }) => [
    [msOf(begin), 1] as const,
    [msOf(end), -1] as const,
  ])
  const grid = [...steps.edges(endMs)].map((ms) => [ms, 0] as const)
  let open = 0
  for (const [ms, change] of [...edges, ...grid].toSorted(([a], [b]) => a - b)) {
    open += change
    line.add(ms, open > 0 ? 1 : 0)
  }
}
