/** What clients may ask for and how often: interfaces of the parts that stand here. */
import type { IncomingMessage } from 'node:http'

/** Slots per client address. */
export interface ConnectionLimiter {
  /** Takes a slot; `undefined` when the address has none left. Releasing twice is harmless. */
  take(address: string): (() => void) | undefined
  readonly taken: number
}

/** What one client may ask. */
export interface ClientRates {
  /** A frame of so many bytes was taken. @returns for how long the client is not to be read from */
  frame(bytes: number): number
  /** Whether it may resume once more. */
  mayResume(): boolean
}

/** How often clients may ask for what. */
export interface Rates {
  openClient(): ClientRates
  /** Whether the buffer may be reset once more, by whomever. */
  mayReset(): boolean
}

/** Lets replays through: so many at once, and all of them no faster than they may be. */
export interface ReplayGate {
  /**
   * The chunks, in their time; they end, and `onRefused` is called, if its turn does not come.
   *
   * @param address whose share it is
   */
  pass(
    chunks: AsyncIterable<Buffer>,
    address: string,
    onRefused: () => void,
  ): AsyncIterable<Buffer>
  readonly underWay: number
}

/** Whose request it is, proxies that are trusted apart. */
export interface ClientAddress {
  /** The address that a limit is counted for. */
  of(request: IncomingMessage): string
  /** Whether it was made on this machine. */
  isLocal(request: IncomingMessage): boolean
}

/** Why a request is turned away, with an HTTP status and a text. */
export interface Refusal {
  readonly reason: 'host' | 'origin' | 'token' | 'guesses'
  readonly status: 400 | 401 | 403 | 421 | 429
  readonly says: string
  /** After which it is worth another try. */
  readonly waitMs?: number
}

/** Who is let in, and who may do what. */
export interface Admission {
  /** Why a request is not meant for this relay, whatever it asks for. */
  misdirected(request: IncomingMessage): Refusal | undefined
  /** Why it may neither open a socket nor change anything. */
  refusal(request: IncomingMessage): Refusal | undefined
  /** Whether it has the token or needs none; a refusal if what it has is wrong. */
  shown(request: IncomingMessage): boolean | Refusal
  /** Whether whoever was let in may also change what concerns everybody. */
  mayAdminister(request: IncomingMessage): boolean
}

/** What is known of a client from the request that it came with. */
export interface Visitor {
  /** The address that limits are counted for. */
  readonly address: string
  readonly mayAdminister: boolean
}
