/**
 * Reads a run for its export, line by line. Deliveries, of which there are millions, are counted as
 * they are read and never held: their journals are read a second time, once it is known when each
 * record was sent.
 */
import { join } from 'node:path'
import { kindOf, timeOf, type HistoryEvent } from '../history/event.ts'
import { eachEvent, type ReadJournal } from '../history/journal-lines.ts'
import { journalFiles, type LineFaults } from '../history/lines.ts'
import { historyFolder, readRecord, type RunRecord } from '../judge/record.ts'
import { clients, records } from './counted.ts'
import { DeliveryCounts, eachDelivered } from './deliveries.ts'
import { handingTo, msOf, type Observer } from './observer.ts'
import { RunSeries } from './run-series.ts'
import { healthStatus, pages, processes, trueLag } from './samples.ts'
import { Scrapes } from './scrapes.ts'
import { SendTimes } from './send-times.ts'
import { Steps } from './steps.ts'
import { windows } from './windows.ts'

/** What an export writes. Times are milliseconds since the harness began with the run. */
export interface ReadRun {
  readonly record: RunRecord
  readonly scrapes: Scrapes
  readonly series: RunSeries
  /**
   * When the first phase of the scenario began: what came before took as long as servers and
   * clients needed, so runs are laid over each other from here.
   */
  readonly beginMs: number
  /** The time of the last event. */
  readonly endMs: number
  readonly journals: readonly ReadJournal[]
  /** Lines that could not be read. */
  readonly unreadable: number
}

/** An event may be this much later than the record says that the run took; others count as last. */
const afterEndMs = 60_000
const unknownGroup = 'unknown'

/** @throws Error if there is no record; Trouble if the history is of a newer version */
export function readRun(folder: string): ReadRun {
  const record = readRecord(folder)
  const lastMs = record.tookMs + afterEndMs
  const [series, scrapes, sent, steps] = [
    new RunSeries(),
    new Scrapes(),
    new SendTimes(),
    new Steps(lastMs),
  ]
  const groups = new Map<number, string>()
  let beginMs: number | undefined
  const groupOf = (client: number) => groups.get(client) ?? unknownGroup
  const observers: readonly Observer[] = [
    {
      sees: {
        opened: ({ client, group }) => void groups.set(client, group),
        acked: (event) => sent.add(event),
        scrape: (event) => scrapes.add(event),
        phase({ t, name, edge }) {
          if (edge === 'begin' && name === record.phases[0]?.name) beginMs ??= msOf(t)
        },
      },
    },
    records(series, steps),
    clients(series, steps, groupOf),
    processes(series),
    pages(series),
    healthStatus(series),
    trueLag(series),
    windows(series, steps, record),
  ]
  const read = readEvents(folder, handingTo(observers))
  const endMs = Math.min(lastMs, read.endMs)
  for (const observer of observers) observer.finish?.(endMs)
  const deliveries = new DeliveryCounts(steps, sent, groupOf)
  for (const file of read.withDeliveries) {
    eachDelivered(file, (event) => deliveries.see(event))
  }
  deliveries.addTo(series, endMs)
  addInfo(series, record, steps, endMs)
  const { journals, unreadable } = read
  return { record, scrapes, series, beginMs: beginMs ?? 0, endMs, journals, unreadable }
}

function addInfo(series: RunSeries, record: RunRecord, steps: Steps, endMs: number): void {
  const { target, seed, startedAt: started, isComplete } = record
  const complete = isComplete ? 'yes' : 'no'
  const info = series.of('runInfo', { target: target.says, seed, started, complete })
  for (const ms of steps.edges(endMs)) info.add(ms, 1)
}

interface Read extends Pick<ReadRun, 'journals' | 'unreadable'> {
  readonly endMs: number
  /** Journals that hold deliveries. */
  readonly withDeliveries: ReadonlySet<string>
}

function readEvents(folder: string, see: (event: HistoryEvent) => void): Read {
  const lineFaults: LineFaults = { truncated: 0, tooLong: 0 }
  const withDeliveries = new Set<string>()
  let [unreadable, end] = [0, 0]
  const journals = journalFiles(join(folder, historyFolder)).map((file) =>
    eachEvent(file, lineFaults, (event) => {
      if (event === undefined) {
        unreadable += 1
        return
      }
      end = Math.max(end, timeOf(event))
      if (kindOf(event) === 'delivered') withDeliveries.add(file)
      else see(event)
    }),
  )
  unreadable += lineFaults.truncated + lineFaults.tooLong
  return { journals, unreadable, endMs: msOf(end), withDeliveries }
}
