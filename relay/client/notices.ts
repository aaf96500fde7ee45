/**
 * What the relay reported about the connection, and how the client reacted, for people: unknown
 * frames must be visible, and must never stop the client.
 */
import type { ServerFrame } from '../../proto/control-frames.ts'

/** One notice. */
export interface Notice {
  readonly atUnixMs: number
  /** Type of the frame, `unreadable` for a text that is not one, or the reason of a reconnect. */
  readonly kind: ServerFrame['type'] | 'unreadable' | (string & {})
  /** At most 300 characters. */
  readonly says: string
}

const unitsMax = 300

/** The last notices, oldest first. */
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

/** The message of a frame; of an error with its code, which people search for. */
export function noticeOf(frame: Extract<ServerFrame, { message: string }>): string {
  return frame.type === 'error' ? `${frame.code}: ${frame.message}` : frame.message
}
