/** The relay's log: one JSON object a line on stdout. The only importer of the logging library. */
import process from 'node:process'
import type { Writable } from 'node:stream'
import { pino } from 'pino'
import { redactor } from '../tables/secrets.ts'
import type { Settings } from '../tables/settings.ts'

/** A line has a message, and fields that machines read. */
export type LogLine = (fields: Readonly<Record<string, unknown>>, says: string) => void
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type Logger = Readonly<Record<LogLevel, LogLine>> & {
  /** Lines that nobody took. */
  readonly lost?: () => number
}

/** Bytes, about, that may wait for whoever reads the log. */
const waitingMax = 1_024 * 1_024

/**
 * Where lines go. A line is handed to the system at once, so that the last ones before an exit are
 * there; but what the other end does not take waits within a bound and is lost beyond it, because
 * a reader that sleeps must not stop the relay, nor one that is gone end it.
 */
export class LineSink {
  readonly #stream: Writable
  #isBroken = false
  #unsaid = 0
  lost = 0

  constructor(stream: Writable) {
    this.#stream = stream
    stream.on('error', () => (this.#isBroken = true))
  }

  write(line: string): void {
    const isFull = this.#stream.writableLength + line.length > waitingMax
    if (this.#isBroken || isFull || !this.#wrote(this.#sayLost() + line)) {
      this.lost += 1
      this.#unsaid += 1
    } else this.#unsaid = 0
  }

  #sayLost(): string {
    if (this.#unsaid === 0) return ''
    const msg = 'lines are missing here: nobody took them'
    return `${JSON.stringify({ level: pino.levels.values['warn'], lines: this.#unsaid, msg })}\n`
  }

  /** A full disk throws where a pipe would tell later. */
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

/** @param secrets what must not stand in any line, whoever put it there */
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
