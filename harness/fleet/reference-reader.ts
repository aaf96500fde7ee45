/**
 * The eyes of a client that decodes what it gets: the reference client on one connection after the
 * other, its refusals written down, and the state of its runs compared with the producer's truth.
 */
import { createClient, type Client } from '../../relay/client/client.ts'
import { nodePlatform } from '../../relay/client/node-platform.ts'
import type { ClientParts } from '../../relay/client/parts.ts'
import type { MustReconnect } from '../../relay/client/reconnects.ts'
import { referenceParts } from '../../relay/client/wiring.ts'
import type { Clock } from '../../relay/world/clock.ts'
import type { Journal } from '../history/journal.ts'
import type { Micros } from '../history/event.ts'
import { truthAt } from '../records/truth.ts'
import type { ResumeFrom } from './resume-request.ts'

/** What the reference client needs from the owner of its socket. */
export interface Demand {
  readonly mustReconnect?: MustReconnect
  readonly mustResume?: boolean
}

export interface ReferenceReader {
  opened(): void
  closed(): void
  /** A record, in the order of arrival; `bytes` is valid during the call only. */
  record(t: Micros, partition: number, offset: number, bytes: Buffer): Demand
  /** A control frame that is not a cursor. */
  control(text: string): Demand
  /** The text that asks for a replay. */
  resumeRequest(from: ResumeFrom): string
  /** To be called a few times a second: compares what changed once the stream is quiet. */
  sweep(t: Micros): Demand
  /** Compares every run with the truth and writes `runstate`. */
  compareAll(): void
}

/** Parts of the client in which it differs from the reference one, if it is to have a defect. */
export type ClientPartsChange = (reference: ClientParts) => Partial<ClientParts>

export interface ReferenceWorld {
  readonly clock: Clock
  readonly journal: Journal
  /** The producer's seed: its truth is a function of it. */
  readonly seed: string
  readonly change: ClientPartsChange | undefined
}

/** Quiet for so long means that everything that was under way has arrived. */
const quietMicros = 1_500_000
const nothing: Demand = {}

/** Makes the eyes of client number `number`. */
export function referenceReader(world: ReferenceWorld, number: number): ReferenceReader {
  const { clock, journal, seed, change } = world
  const parts = change?.(referenceParts(nodePlatform))
  const client = createClient({ platform: nodePlatform, clock, ...(parts && { parts }) })
  const comparison = new Comparison(journal, seed, client, number)
  let lastRecordAt: Micros | undefined
  return {
    opened: () => client.opened(),
    closed: () => client.closed(),
    record(t, partition, offset, bytes) {
      lastRecordAt = t
      const position = client.onCursor(partition, BigInt(offset))
      if (position.mustReconnect !== undefined) return position
      const outcome = client.onBinary(bytes)
      const { reason } = outcome
      // A record that was sent before is the relay's mistake, and its deliveries show it.
      if (reason !== undefined && reason !== 'redelivered') {
        journal.write(['refusal', t, number, partition, String(offset), reason])
      }
      return outcome
    },
    control: (text) => client.onText(text),
    resumeRequest: (from) => client.resumeRequest(from),
    sweep(t) {
      if (lastRecordAt !== undefined && t - lastRecordAt >= quietMicros) {
        lastRecordAt = undefined
        comparison.compareChanged()
      }
      const mustReconnect = client.check()
      return mustReconnect === undefined ? nothing : { mustReconnect }
    },
    compareAll: () => comparison.compareAll(),
  }
}

/** Compares runs, each at the sequence that the client itself has heard of. */
class Comparison {
  readonly #journal: Journal
  readonly #seed: string
  readonly #client: Client
  readonly #number: number
  /** Sequence of the latest comparison, by thread; the client bounds its threads. */
  readonly #compared = new Map<string, bigint>()

  constructor(journal: Journal, seed: string, client: Client, number: number) {
    this.#journal = journal
    this.#seed = seed
    this.#client = client
    this.#number = number
  }

  compareAll(): void {
    this.#compared.clear()
    this.compareChanged()
  }

  compareChanged(): void {
    for (const { thread, lastSeenSequence, flags } of this.#client.runs()) {
      // A run that was never given a sequence has no place in the producer's truth.
      if (lastSeenSequence === 0n || this.#compared.get(thread) === lastSeenSequence) continue
      this.#compared.set(thread, lastSeenSequence)
      const sequence = Number(lastSeenSequence)
      const isEqual = this.#isTrue(thread, sequence)
      const t = this.#journal.now()
      this.#journal.write(['runstate', t, this.#number, thread, sequence, isEqual, flags])
    }
  }

  #isTrue(thread: string, sequence: number): boolean {
    const truth = truthAt(this.#seed, thread, sequence)
    try {
      const hash = this.#client.stateHashOf(thread)
      return hash !== undefined && truth.hash.equals(hash)
    } catch {
      // A state that has no exact text is none that the producer ever had.
      return false
    }
  }
}
