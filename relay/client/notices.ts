/**
 * What the relay said about the connection, and what the client made of it, for people to read:
 * frames that nobody understands must be seen, and must never stop anything.
 */
import type { ServerFrame } from '../../proto/control-frames.ts'

/** One remark. */
export interface Notice {
  readonly atUnixMs: number
  /** Type of the frame, `unreadable` for a text that is none, or the reason of a reconnect. */
  readonly kind: ServerFrame['type'] | 'unreadable' | (string & {})
  /** At most 300 characters. */
  readonly says: string
}

const unitsMax = 300

/** The last remarks, oldest first. */
export class Notices {
  readonly #kept: Notice[] = []
  readonly #max: number

  constructor(noticesMax: number) {
    this.#max = noticesMax
  }

  add(atUnixMs: number, kind: Notice['kind'], says: string): void {
    this.#kept.push({ atUnixMs, kind, says: says.slice(0, unitsMax) })
    if (this.#kept.length > this.#max) this.#kept.shift()
  }

  list(): readonly Notice[] {
    return [...this.#kept]
  }
}

/** What a frame says for people; an error with its code, which people search for. */
export function noticeOf(frame: Extract<ServerFrame, { message: string }>): string {
  return frame.type === 'error' ? `${frame.code}: ${frame.message}` : frame.message
}
