/**
 * The versions of the format: which one a journal is of, and how its lines are read. A journal
 * begins with a line that says so; what was written before there were versions has none.
 */
import { Trouble } from '../world/trouble.ts'
import type { HistoryEvent } from './event.ts'
import { countsOfVersion1, eventOfVersion1, markStart1 } from './version-1.ts'
import { isEvent } from './well-formed.ts'

/** What is written today. */
export const historyVersion = 2

/** The first line of a journal, without its end. */
export const versionLine = JSON.stringify({ kind: 'version', t: 0, version: historyVersion })

/** How the lines of a journal are read. */
export interface Format {
  readonly version: number
  /** How the line of an end mark begins. */
  readonly markStart: string
  /** What an end mark says of the number of events by kind. */
  countsOf(mark: unknown): unknown
  /** The event of a line as today's version has it; undefined where it is none. */
  eventOf(value: unknown): HistoryEvent | undefined
}

const version1: Format = {
  version: 1,
  markStart: markStart1,
  countsOf: countsOfVersion1,
  eventOf: eventOfVersion1,
}

/** Today's format. */
export const currentFormat: Format = {
  version: historyVersion,
  markStart: '{"kind":"end",',
  countsOf: (mark) => (mark as { readonly counts?: unknown }).counts,
  eventOf: (value) => (isEvent(value) ? value : undefined),
}

/** The version that a journal's first line says; undefined where it says none. */
export function versionSaid(line: unknown): number | undefined {
  if (typeof line !== 'object' || line === null) return undefined
  const { kind, version } = line as { readonly kind?: unknown; readonly version?: unknown }
  return kind === 'version' && Number.isSafeInteger(version) ? (version as number) : undefined
}

/**
 * The format of a journal, by its first line as JSON holds it.
 *
 * @param name what is read, for people
 * @throws Trouble if it is of a version that is not known here
 */
export function formatOf(name: string, firstLine: unknown): Format {
  const version = versionSaid(firstLine) ?? version1.version
  const known = [version1, currentFormat].find((format) => format.version === version)
  if (known !== undefined) return known
  throw new Trouble(
    'history-newer',
    `${name} must be a history of version ${historyVersion} or older, and is of version ${version}`,
    'judge it with the version of chaos that wrote it, or a newer one',
  )
}
