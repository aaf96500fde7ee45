/**
 * The pinned schemas. Reads show what is on disk: a change is visible only after it was written.
 * Changes are made one after the other; when too many wait, further ones are refused.
 */
import type { Logger } from '../adapters/logger.ts'
import type { Clock } from '../world/clock.ts'
import { withDeadline } from '../world/deadline.ts'
import type { SchemaEntry } from './entry.ts'
import { readSchemas, removeLeftovers, writeSchemas, type Entries } from './file.ts'

export interface SchemaNeeds {
  readonly file: string
  readonly entriesMax: number
  readonly clock: Clock
  readonly logger: Logger
}
/** Why a change was not made. */
export type Refused = 'busy' | 'full' | 'absent'

const ioLimitMs = 5_000
const waitingMax = 256

export class ExpectedSchemas {
  readonly #needs: SchemaNeeds
  #loaded: Promise<Entries> | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(needs: SchemaNeeds) {
    this.#needs = needs
  }

  /** Reads the file before the first request, and logs what is wrong. Never throws. */
  async open(): Promise<void> {
    const { clock, file, logger } = this.#needs
    await removeLeftovers(file, clock.unixMs())
    await this.#entries().catch((error: unknown) => {
      logger.error({ err: error, file }, 'the pinned schemas cannot be read')
    })
  }

  /**
   * All entries, by name.
   *
   * @throws when the file cannot be read
   */
  async list(): Promise<readonly SchemaEntry[]> {
    const entries = await this.#entries()
    const names = [...entries.keys()].toSorted()
    return names.map((name) => entries.get(name)!)
  }

  /** @throws when the file cannot be read */
  async get(name: string): Promise<SchemaEntry | undefined> {
    return (await this.#entries()).get(name)
  }

  /**
   * Stores an entry in place of the one with its name.
   *
   * @throws when it could not be written: the old state stays
   */
  put(entry: SchemaEntry): Promise<SchemaEntry | Refused> {
    return this.#change((entries) => {
      entries.set(entry.graph_name, entry)
      return entries.size > this.#needs.entriesMax ? 'full' : entry
    })
  }

  /**
   * Removes an entry and returns it.
   *
   * @throws when it could not be written: the old state stays
   */
  delete(name: string): Promise<SchemaEntry | Refused> {
    return this.#change((entries) => {
      const entry = entries.get(name)
      entries.delete(name)
      return entry ?? 'absent'
    })
  }

  async #change(
    make: (entries: Map<string, SchemaEntry>) => SchemaEntry | Refused,
  ): Promise<SchemaEntry | Refused> {
    if (this.#waiting >= waitingMax) return 'busy'
    this.#waiting += 1
    const { clock, file } = this.#needs
    const what = 'writing the pinned schemas'
    return withDeadline(clock, ioLimitMs, what, (signal) => this.#inTurn(async () => {
      // The request has already failed by its deadline.
      signal.throwIfAborted()
      const entries = new Map(await this.#entries())
      const made = make(entries)
      if (typeof made === 'string') return made
      // If it fails, the state on disk is unknown: the next request reads it.
      this.#loaded = undefined
      await writeSchemas(file, entries, signal)
      this.#loaded = Promise.resolve(entries)
      return made
    }))
  }

  /** After all earlier changes: even one that hangs must not be overtaken. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work).finally(() => (this.#waiting -= 1))
    this.#turn = done.catch(() => undefined)
    return done
  }

  /** If reading fails, the next request tries again. */
  #entries(): Promise<Entries> {
    const { clock } = this.#needs
    this.#loaded ??= this.#read().catch((error: unknown) => {
      this.#loaded = undefined
      throw error
    })
    const loaded = this.#loaded
    return withDeadline(clock, ioLimitMs, 'reading the pinned schemas', () => loaded)
  }

  async #read(): Promise<Entries> {
    const { clock, file, logger } = this.#needs
    const { entries, movedTo } = await readSchemas(file, clock.unixMs())
    if (movedTo !== undefined) {
      logger.error({ file, movedTo }, 'the pinned schemas were unreadable and are moved aside')
    }
    return entries
  }
}
