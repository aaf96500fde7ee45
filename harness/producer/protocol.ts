/**
 * What the conductor and the producer process say to each other, as in harness/fleet/protocol.ts.
 * What was produced and acknowledged goes to the producer's own journal.
 */
import type { Load } from './load.ts'
import type { MalformedKind } from '../records/malformed.ts'

/** Records that are sent besides the load; see harness/stimuli for what is made of it. */
export type RecordsOrder =
  /** `each` records of every kind, spread over `overMs`; answered when all are acknowledged. */
  | {
      readonly do: 'malformed'
      readonly kinds: readonly MalformedKind[]
      readonly each: number
      readonly overMs: number
    }
  /** Exactly `count` records as fast as the broker takes them; answered when acknowledged. */
  | { readonly do: 'burst'; readonly count: number; readonly load: Load }
  /** So many pairs of transactions that lie over one another; answered when all have ended. */
  | { readonly do: 'transactions'; readonly each: number; readonly overMs: number }

export type ProducerCommand =
  | {
      readonly do: 'start'
      readonly journalFile: string
      readonly originMs: number
      readonly seed: string
      readonly brokers: readonly string[]
      readonly topic: string
      readonly partitions: number
      /** The target's payload limit, from which the oversize kinds take their size. */
      readonly payloadBytesMax: number
      /** Names the defect of the producer to run with, if any. */
      readonly producerDefect?: string
    }
  /** Load from now on; `recordsPerSecond: 0` is silence. Answered immediately. */
  | { readonly do: 'load'; readonly load: Load }
  | RecordsOrder
  | { readonly do: 'status' }
  /** Stops the load, waits for what is under way (bounded), closes the journal, exits 0. */
  | { readonly do: 'finish' }

export interface ProducerStatus {
  /** Records due by the open model, sent, acknowledged, failed, dropped by the bounded queue. */
  readonly due: number
  readonly sent: number
  readonly acked: number
  readonly failed: number
  readonly dropped: number
  /** Next offset per partition after the last acknowledged record. */
  readonly ends: Readonly<Record<string, string>>
  /** Offset per partition of the first record that a relay may refuse. */
  readonly firstPoison: Readonly<Record<string, string>>
  /** How late the newest record was handed to Kafka, against the open model. */
  readonly behindMs: number
}
