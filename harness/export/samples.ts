/** Observers of what samplers read: each sample is one value of a series. */
import { dig } from '../history/readings.ts'
import { msOf, type Observer } from './observer.ts'
import type { RunSeries } from './run-series.ts'

const microsPerSecond = 1_000_000
/** A relay says a few words of how it is; one that never says the same twice has no series each. */
const statusesMax = 20
const otherStatus = 'other'
const noAnswer = 'no answer'

/** Memory, CPU time and event loops of the run's processes. */
export const processes = (series: RunSeries): Observer => ({
  sees: {
    memory([, t, role, rssBytes, cpuMicros]) {
      series.of('residentMemory', { role }).add(msOf(t), rssBytes)
      series.of('cpuTime', { role }).add(msOf(t), cpuMicros / microsPerSecond)
    },
    strain([, t, role, loopDelayMs]) {
      series.of('harnessLoopDelay', { role }).add(msOf(t), loopDelayMs / 1_000)
    },
  },
})

/** How long the relay's pages took. */
export const pages = (series: RunSeries): Observer => ({
  sees: {
    scrape([, t, tookMicros, status]) {
      if (status === 0) return
      series.of('pageDuration', { page: '/metrics' }).add(msOf(t), tookMicros / microsPerSecond)
    },
    health([, t, tookMicros, status]) {
      if (status === 0) return
      series.of('pageDuration', { page: '/health' }).add(msOf(t), tookMicros / microsPerSecond)
    },
  },
})

/** The status word of /health: of all that were seen one is 1 at a time. */
export function healthStatus(series: RunSeries): Observer {
  const polls: [ms: number, word: string][] = []
  const words = new Set<string>()
  return {
    sees: {
      health([, t, , status, body]) {
        const said = status === 0 ? noAnswer : dig(body, ['status'])
        if (typeof said !== 'string') return
        const word = words.has(said) || words.size < statusesMax ? said : otherStatus
        words.add(word)
        polls.push([msOf(t), word])
      },
    },
    finish() {
      for (const status of words) {
        const timeline = series.of('healthStatus', { status })
        for (const [ms, word] of polls) timeline.add(ms, word === status ? 1 : 0)
      }
    },
  }
}

/** The broker's own view of the relay's group. */
export const trueLag = (series: RunSeries): Observer => ({
  sees: {
    lagtruth([, t, , , partitions]) {
      for (const [partition, truth] of Object.entries(partitions)) {
        const [logStart, logEnd, committed, isOwned] = truth
        const next = Number(committed) < 0 ? Number(logStart) : Number(committed)
        series.of('trueLag', { partition }).add(msOf(t), Number(logEnd) - next)
        series.of('partitionHeld', { partition }).add(msOf(t), isOwned ? 1 : 0)
      }
    },
  },
})
