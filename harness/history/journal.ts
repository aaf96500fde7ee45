/** The writing end of the history, one per process: append-only, buffered, bounded. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { Clock } from '../../relay/world/clock.ts'
import { markOf } from './end-mark.ts'
import { kindOf, type HistoryEvent, type Micros } from './event.ts'
import { versionLine } from './version.ts'

/** Events are written out once this many characters wait, and every `flushMs`. */
const bufferCharsMax = 256 * 1_024
const flushMs = 250

/** Appends events to one file. */
export interface Journal {
  /** Microseconds since the start of the run, now. */
  now(): Micros
  /**
   * Appends one event. Never throws on a full disk: `failure` is set, and the run is unknown.
   * After a failure nothing more is written, so that the file ends where it broke.
   */
  write(event: HistoryEvent): void
  /** Writes what waits to the file. */
  flush(): void
  /**
   * Flushes, writes the end mark and closes; idempotent. What is written afterwards is dropped: a
   * journal that was closed in haste stays whole.
   */
  close(): void
  /** The first write error, if there was one. */
  readonly failure: Error | undefined
  /** Events written so far. */
  readonly count: number
}

/**
 * Opens a journal.
 *
 * @param file path; created
 * @param originMs `clock.nowMs()` at the start of the run, the same for all processes of it
 */
export function openJournal(clock: Clock, file: string, originMs: number): Journal {
  const fd = openSync(file, 'a')
  let waiting = [`${versionLine}\n`]
  let chars = 0
  let count = 0
  let crc = 0
  let isClosed = false
  let failure: Error | undefined
  const counts = new Map([['version', 1]])
  const now = () => Math.round((clock.nowMs() - originMs) * 1_000)
  const flush = () => {
    if (waiting.length === 0) return
    const bytes = Buffer.from(waiting.join(''))
    waiting = []
    chars = 0
    if (failure === undefined) failure = writeAll(fd, bytes)
    crc = crc32(bytes, crc)
  }
  const timer = clock.every(flushMs, flush)
  return {
    now,
    write(event) {
      if (isClosed) return
      const line = `${JSON.stringify(event)}\n`
      waiting.push(line)
      chars += line.length
      count += 1
      const kind = kindOf(event)
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
      if (chars > bufferCharsMax) flush()
    },
    flush,
    close() {
      if (isClosed) return
      isClosed = true
      timer.cancel()
      flush()
      failure ??= writeAll(fd, Buffer.from(markOf(now(), counts, crc)))
      try {
        closeSync(fd)
      } catch (error) {
        // A network file system may report only now that it is full.
        failure ??= error as Error
      }
    },
    get failure() {
      return failure
    },
    get count() {
      return count
    },
  }
}

/** Writes bytes to their end: the kernel may take a part only. The error where it cannot. */
function writeAll(fd: number, bytes: Buffer): Error | undefined {
  try {
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(fd, bytes, written)
    }
    return undefined
  } catch (error) {
    return error as Error
  }
}
