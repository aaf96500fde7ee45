/**
 * What the target writes, as events of the history: a witness of what happened in it. A journal of
 * its own, so that a target that talks a lot slows nothing down, bounded in rate and bytes; what
 * was left out is noted in its place. Log lines of a crash are always kept.
 */
import type { Clock } from '../../relay/world/clock.ts'
import { isCrashLine } from '../history/crash-lines.ts'
import { openJournal } from '../history/journal.ts'

export interface TargetLog {
  take(line: string): void
  /** Lines that come later are not kept. */
  close(): void
}

const linesPerSecondMax = 100
const lineCharsMax = 1_000
const charsMax = 2 * 1_024 * 1_024
/** Lines of crashes that are kept beyond the bounds. */
const crashLinesMax = 200

/** Opens the journal; `originMs` as for every journal of the run. */
export function openTargetLog(clock: Clock, file: string, originMs: number): TargetLog {
  const journal = openJournal(clock, file, originMs)
  let [second, lines, chars, leftOut, crashLines] = [-1, 0, 0, 0, 0]
  let isOpen = true
  const write = (line: string) =>
    journal.write({ kind: 'log', t: journal.now(), role: 'relay', line })
  const tellLeftOut = () => {
    if (leftOut > 0) write(`… ${leftOut} lines were left out here: too many, or too long a log`)
    leftOut = 0
  }
  const hasRoom = (line: string) => {
    if (lines < linesPerSecondMax && chars < charsMax) return true
    if (crashLines >= crashLinesMax || !isCrashLine(line)) return false
    crashLines += 1
    return true
  }
  return {
    take(line) {
      if (!isOpen) return
      const now = Math.floor(clock.nowMs() / 1_000)
      if (now !== second) {
        ;[second, lines] = [now, 0]
        if (chars < charsMax) tellLeftOut()
      }
      if (!hasRoom(line)) {
        leftOut += 1
        return
      }
      lines += 1
      const kept = line.slice(0, lineCharsMax)
      chars += kept.length
      write(kept)
    },
    close() {
      if (!isOpen) return
      isOpen = false
      tellLeftOut()
      journal.close()
    },
  }
}
