/** The relay's log: one JSON object a line on stdout. The only importer of the logging library. */
import process from 'node:process'
import type { Writable } from 'node:stream'
import { pino } from 'pino'
import { redactor } from '../tables/secrets.ts'
import type { Settings } from '../tables/settings.ts'

/** A line has a message, and fields for machines. */
export type LogLine = (fields: Readonly<Record<string, unknown>>, says: string) => void
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type Logger = Readonly<Record<LogLevel, LogLine>> & {
  /** Lines that were dropped because stdout was not drained. */
  readonly lost?: () => number
}

/** Bytes (about) that may wait for the reader of the log. */
const waitingMax = 1_024 * 1_024

/**
 * The output of lines. A line is handed to the system at once, so that the last ones before an exit
 * are written. What the reader does not drain waits up to a limit and is dropped beyond it, because
 * a reader that stalls must not stop the relay, nor one that is gone end it.
 */
export class LineSink {
  readonly #stream: Writable
  #isBroken = false
  #unreported = 0
  lost = 0

  constructor(stream: Writable) {
    this.#stream = stream
    stream.on('error', () => (this.#isBroken = true))
  }

  write(line: string): void {
    const isFull = this.#stream.writableLength + line.length > waitingMax
    if (this.#isBroken || isFull || !this.#wrote(this.#lostLine() + line)) {
      this.lost += 1
      this.#unreported += 1
    } else this.#unreported = 0
  }

  #lostLine(): string {
    if (this.#unreported === 0) return ''
    const msg = 'lines were dropped here: stdout was not drained'
    const level = pino.levels.values['warn']
    return `${JSON.stringify({ level, lines: this.#unreported, msg })}\n`
  }

  /** A full disk throws, while a pipe reports errors later. */
  #wrote(text: string): boolean {
    try {
      this.#stream.write(text)
      return true
    } catch {
      return false
    }
  }
}

let stdout: LineSink | undefined

/** @param secrets texts that are redacted from every line */
export function createLogger(
  level: Settings['logLevel'],
  secrets: readonly string[] = [],
  sink = (stdout ??= new LineSink(process.stdout)),
): Logger {
  const redact = redactor(secrets)
  const lines = { write: (line: string) => sink.write(redact(line)) }
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, lines)
  return Object.assign(logger, { lost: () => sink.lost })
}
