/** The relay's log: one JSON object a line on stdout. The only importer of the logging library. */
import { pino } from 'pino'
import type { Settings } from '../tables/settings.ts'

/** A line has a message, and fields that machines read. */
export type LogLine = (fields: Readonly<Record<string, unknown>>, says: string) => void
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type Logger = Readonly<Record<LogLevel, LogLine>>

/** Writes synchronously: the last lines before an exit are the ones that somebody will look for. */
export function createLogger(level: Settings['logLevel']): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime })
}
