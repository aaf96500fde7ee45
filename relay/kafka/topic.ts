/**
 * Which topic is read. Another one of the same name may follow it, whose logs begin at 0 and may be
 * longer already than what was read: only its id tells. A log that was truncated tells itself, by
 * its offsets.
 */
export interface TopicNeeds {
  /** The id of the topic as it is now; undefined when nobody says in time. */
  readonly ask: (limitMs: number) => Promise<string | undefined>
  /** The id is known by now, and was not when it was asked for first. */
  readonly onFound: (id: string) => void
  /** The logs are others than were read; `isOther` if they are surely of another topic. */
  readonly onReplaced: (id: string | undefined, isOther: boolean) => void
}

/** At the start a connection has to be made; later a batch may be waiting. */
const askMs = { atStart: 10_000, later: 2_000 } as const

export class Topic {
  readonly #needs: TopicNeeds
  #id: string | undefined
  #replacing: Promise<void> | undefined

  constructor(needs: TopicNeeds) {
    this.#needs = needs
  }

  /** Undefined when it is not known; it may be known later. */
  async find(): Promise<string | undefined> {
    return (this.#id = await this.#needs.ask(askMs.atStart))
  }

  /** Looks whether it is still the one that was found. */
  async follow(): Promise<void> {
    const known = this.#id
    const id = await this.#needs.ask(askMs.later)
    // Somebody else has found out meanwhile.
    if (id === undefined || known !== this.#id) return
    if (known !== undefined && id !== known) return this.replaced()
    this.#id = id
    if (known === undefined) this.#needs.onFound(id)
  }

  /** Offsets have gone back. Settles when that is told: once, whoever notices it, and how often. */
  replaced(): Promise<void> {
    return (this.#replacing ??= this.#replace().finally(() => (this.#replacing = undefined)))
  }

  async #replace(): Promise<void> {
    const before = this.#id
    const id = (this.#id = await this.#needs.ask(askMs.later))
    const isKnown = before !== undefined && id !== undefined
    this.#needs.onReplaced(id, isKnown && before !== id)
  }
}
