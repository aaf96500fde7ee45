/**
 * Everything about one client as one object: thousands are idle at a time, and a closure for each
 * of its events would cost more memory than its state.
 */
import type { Socket } from 'node:net'
import type { Reading } from '../adapters/sockets.ts'
import type { Clients } from './clients.ts'
import { Control, type ControlNeeds } from './control.ts'
import type { SentBytes } from '../health/sent-bytes.ts'
import type { ByteLog } from '../log/byte-log.ts'
import type { MissedRange } from '../log/record.ts'
import type { Outlet, OutletNeeds, SendDeadline } from '../stages/seam.ts'
import type { Rates, Visitor } from '../limits/seam.ts'
import { Session, type SessionNeeds } from './session.ts'
import type { CloseReason } from '../tables/close-codes.ts'

/** What all connections share. */
export interface ConnectionNeeds {
  readonly session: SessionNeeds
  readonly control: ControlNeeds
  readonly clients: Clients
  readonly log: ByteLog
  readonly sent: SentBytes
  readonly queues: OutletNeeds['queues']
  readonly slices: OutletNeeds['slices']
  readonly parts: {
    openOutlet(needs: OutletNeeds): Outlet
    readonly rates: Rates
    readonly sendDeadline: SendDeadline
  }
}

/** Bytes of answers that may wait for one client. */
const controlBytesMax = 256 * 1_024

export class Connection implements OutletNeeds {
  readonly #needs: ConnectionNeeds
  readonly socket: Socket
  readonly session: Session
  readonly control: Control

  /** Opens both directions of a socket that has just been upgraded. */
  constructor(needs: ConnectionNeeds, socket: Socket, visitor: Visitor, reading: Reading) {
    const { clients, control, parts, session } = needs
    this.#needs = needs
    this.socket = socket
    this.session = new Session(session, visitor, () => parts.openOutlet(this))
    this.control = new Control(control, this.session, reading, parts.rates.openClient())
    clients.add(this.session)
    needs.sent.opened(socket)
    control.metrics.clientsOpened.add()
  }

  get log(): ByteLog {
    return this.#needs.log
  }

  get deadline(): SendDeadline {
    return this.#needs.parts.sendDeadline
  }

  get writeBytesMax(): number {
    return this.#needs.session.settings.clientWriteBytesMax
  }

  get controlBytesMax(): number {
    return controlBytesMax
  }

  get queues(): OutletNeeds['queues'] {
    return this.#needs.queues
  }

  get slices(): OutletNeeds['slices'] {
    return this.#needs.slices
  }

  onLapped(missed: readonly MissedRange[]): void {
    this.session.lapped(missed)
  }

  onDrained(): void {
    this.control.drained()
  }

  onClosed(reason: CloseReason): void {
    this.#needs.clients.remove(this.session)
    this.#needs.sent.closed(this.socket)
    this.#needs.control.metrics.clientsClosed.of({ reason }).add()
  }
}
