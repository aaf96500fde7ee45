/** Limits and access control: interfaces of the parts in this folder. */
import type { IncomingMessage } from 'node:http'

/** Slots per client address. */
export interface ConnectionLimiter {
  /** Takes a slot; `undefined` when the address has none left. Releasing twice is harmless. */
  take(address: string): (() => void) | undefined
  readonly taken: number
}

/** The rates of one client. */
export interface ClientRates {
  /** A frame was received. @returns for how many milliseconds to pause reading from the client */
  frame(bytes: number): number
  /** Whether it may resume again. */
  mayResume(): boolean
}

/** The rates of all clients. */
export interface Rates {
  openClient(): ClientRates
  /** Whether the buffer may be reset again, by any client. */
  mayReset(): boolean
}

/** Limits how many replays run at once, and their bytes per second. */
export interface ReplayGate {
  /**
   * The chunks, paced; they end, and `onRefused` is called, if no slot becomes free in time.
   *
   * @param address for which the slot counts
   */
  pass(
    chunks: AsyncIterable<Buffer>,
    address: string,
    onRefused: () => void,
  ): AsyncIterable<Buffer>
  readonly underWay: number
}

/** The address of a client, behind trusted proxies. */
export interface ClientAddress {
  /** The address for which limits are counted. */
  of(request: IncomingMessage): string
  /** Whether the client is on this machine. */
  isLocal(request: IncomingMessage): boolean
}

/** Why a request is refused, with an HTTP status and a text. */
export interface Refusal {
  readonly reason: 'host' | 'origin' | 'token' | 'guesses'
  readonly status: 400 | 401 | 403 | 421 | 429
  readonly says: string
  /** Time after which the client may try again. */
  readonly waitMs?: number
}

/** Access control: which requests are accepted, and what they may do. */
export interface Admission {
  /** The refusal of a Host header that does not name this relay. */
  misdirected(request: IncomingMessage): Refusal | undefined
  /** Why it may neither open a socket nor change anything. */
  refusal(request: IncomingMessage): Refusal | undefined
  /** Whether it has the token or needs none; a refusal if what it has is wrong. */
  shown(request: IncomingMessage): boolean | Refusal
  /** Whether an accepted client may also change what affects all clients. */
  mayAdminister(request: IncomingMessage): boolean
}

/** What is known of a client from its upgrade request. */
export interface Visitor {
  /** The address for which limits are counted. */
  readonly address: string
  readonly mayAdminister: boolean
}
