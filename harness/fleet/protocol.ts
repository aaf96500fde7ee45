/**
 * What the conductor and the fleet process say to each other: one JSON message a command or an
 * answer, over the child's IPC channel. Every command is answered; the conductor waits with a
 * deadline. Deliveries do not travel here: the fleet writes them to its own journal.
 */
import type { ClientGroup } from './group.ts'
import type { HostileTopic } from '../wire/hostile-frames.ts'

export interface FleetStart {
  readonly do: 'start'
  /** Journal file of this process, and the origin of its time (`clock.nowMs()`). */
  readonly journalFile: string
  readonly originMs: number
  /** Names the defect of the reference client to run with, if any. */
  readonly clientDefect?: string
  /** The seed, so that `reference` clients can recompute the producer's truth. */
  readonly seed: string
}

/** Clients that join together. */
export interface Joining {
  readonly group: string
  /** ws:// address. */
  readonly url: string
  /** The relay's own host:port, where `url` leads through a proxy. */
  readonly host?: string
  readonly count: number
  readonly spec: ClientGroup
  readonly token?: string
  /** How long each client may take to open. */
  readonly deadlineMs: number
}

/** What the clients of a group can be ordered to do; the stimuli in harness/stimuli use it. */
export type GroupOrder =
  | { readonly do: 'disconnect'; readonly group: string; readonly how: 'close' | 'reset' }
  /**
   * Every open client sends a frame, which the history calls `what`: once; or `each` times as fast
   * as they are taken, until all were or none is any more.
   */
  | {
      readonly do: 'send'
      readonly group: string
      readonly opcode: 'text' | 'binary' | 'ping' | 'pong'
      readonly text: string
      readonly what: string
      readonly each?: number
    }
  /** Every open client asks for a replay. */
  | {
      readonly do: 'resume'
      readonly group: string
      readonly from: 'earliest' | 'latest' | 'cursor'
    }
  /** Every open client sends a large text but for its last byte. */
  | { readonly do: 'hold-back'; readonly group: string }
  /** Besides the clients there are, so many handshakes each are begun and broken off. */
  | { readonly do: 'abort-handshakes'; readonly group: string; readonly each: number }
  | { readonly do: 'hostile-frames'; readonly group: string; readonly about: HostileTopic }

export type FleetCommand =
  | FleetStart
  /** Opens `count` clients at `url` (ws://) of relay `host`; answered when each is done. */
  | ({ readonly do: 'connect' } & Joining)
  | GroupOrder
  /** Stops (or restarts) reading of the group's sockets. Answered with the bytes read so far. */
  | { readonly do: 'reading'; readonly group: string; readonly isStalled: boolean }
  /** Reports the status of the fleet, without changing it. */
  | { readonly do: 'status' }
  /** Compares run states, closes all clients, closes the journal, exits 0. */
  | { readonly do: 'finish' }

/** Counts of one group. `deliveries` and `bytesRead` are totals since the start. */
export interface GroupStatus {
  readonly open: number
  readonly closed: number
  readonly refused: number
  readonly deliveries: number
  readonly bytesRead: number
  /** Clients that are open and wait for the end of a replay. */
  readonly replaying: number
  /** Highest offset per partition that every open client of the group has received. */
  readonly floor: Readonly<Record<string, string>>
}

export interface FleetStatus {
  readonly groups: Readonly<Record<string, GroupStatus>>
  /** Deliveries waiting to be checked; a fleet that lags measures itself, not the relay. */
  readonly backlogBytes: number
  readonly eventLoopDelayMsMax: number
}
