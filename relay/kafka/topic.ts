/**
 * The identity of the topic. A recreated topic of the same name has logs that begin at 0 and may
 * already be longer than what was read: only its id shows that. A truncated log shows by its
 * offsets.
 */
export interface TopicNeeds {
  /** The current id of the topic; undefined without an answer in time. */
  readonly ask: (limitMs: number) => Promise<string | undefined>
  /** The id is known now, and was not at first. */
  readonly onFound: (id: string) => void
  /** The logs have been replaced; `isOther` if they are certainly of another topic. */
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

  /** Checks whether it is still the same topic. */
  async follow(): Promise<void> {
    const known = this.#id
    const id = await this.#needs.ask(askMs.later)
    // Another call has noticed it meanwhile.
    if (id === undefined || known !== this.#id) return
    if (known !== undefined && id !== known) return this.replaced()
    this.#id = id
    if (known === undefined) this.#needs.onFound(id)
  }

  /** Offsets have gone back. Settles after `onReplaced`, which is called once for all callers. */
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
