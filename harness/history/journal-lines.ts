/** The events of one journal of any version, and whether it is what was written. */
import { basename } from 'node:path'
import { EndWatch, type JournalEnd } from './end-mark.ts'
import { kindOf, type HistoryEvent } from './event.ts'
import { eachLine, type LineFaults } from './lines.ts'
import { formatOf, versionSaid, type Format } from './version.ts'

/** A file of the history, and what its end says of it. */
export interface ReadJournal {
  readonly name: string
  readonly end: JournalEnd
}

/** Takes an event and the number of its line; undefined where the line holds none. */
export type SeeEvent = (event: HistoryEvent | undefined, line: number) => void

/** Calls `see` with every event of a journal. @throws Trouble if it is of a newer version */
export function eachEvent(file: string, faults: LineFaults, see: SeeEvent): ReadJournal {
  const name = basename(file)
  const cutBefore = faults.truncated
  let format: Format | undefined
  let watch: EndWatch | undefined
  eachLine(file, faults, (line, number, crcBefore) => {
    const value = valueOf(line)
    format ??= formatOf(name, value)
    watch ??= new EndWatch(format)
    if (number === 1 && versionSaid(value) !== undefined) {
      watch.seeEvent('version')
    } else if (line.startsWith(format.markStart)) {
      watch.seeMark(line, value, crcBefore())
    } else {
      const event = format.eventOf(value)
      watch.seeEvent(event && kindOf(event))
      see(event, number)
    }
  })
  return { name, end: watch?.end(faults.truncated > cutBefore) ?? 'unmarked' }
}

function valueOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
