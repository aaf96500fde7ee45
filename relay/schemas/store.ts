/**
 * The pinned schemas. What is shown is what is on the disk: a change is visible when it was
 * written, and not at all when it was not. Changes are made one after the other; those that would
 * have to wait behind too many others are turned away.
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

  /** Reads the file ahead of the first question, and says aloud what is wrong. Never throws. */
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
      // Nobody waits for it any longer, and was told that it failed.
      signal.throwIfAborted()
      const entries = new Map(await this.#entries())
      const made = make(entries)
      if (typeof made === 'string') return made
      // If it fails, nobody knows what is on the disk: the next who asks looks.
      this.#loaded = undefined
      await writeSchemas(file, entries, signal)
      this.#loaded = Promise.resolve(entries)
      return made
    }))
  }

  /** After all that were asked for before: also one that hangs must not be overtaken. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work).finally(() => (this.#waiting -= 1))
    this.#turn = done.catch(() => undefined)
    return done
  }

  /** What cannot be read is tried again by the next who asks. */
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
