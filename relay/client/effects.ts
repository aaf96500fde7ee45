/**
 * The effect of a message on its run, decided before the run is changed: either the whole effect is
 * valid, or the run stays as it was.
 */
import type { Envelope } from './envelope.ts'
import type { Place } from './guard.ts'
import type { ClientLimits } from './limits.ts'
import type { ClientParts, ClientPlatform } from './parts.ts'
import type { ClientRefusal, Refused } from './refusals.ts'
import type { NewState, Run } from './run.ts'
import type { Work } from './work.ts'

/**
 * - `keeps`: no change of state · `advances`: the state that follows from the one before
 * - `proves`: a state that is right whatever came before; `checkpoint` names it for later patches
 * - `unproves`: the run starts again with an unknown state
 */
export type Effect =
  | { readonly ok: true; readonly does: 'keeps' | 'unproves' }
  | { readonly ok: true; readonly does: 'advances'; readonly next: NewState }
  | {
      readonly ok: true
      readonly does: 'proves'
      readonly next: NewState
      readonly checkpoint?: string
    }
  | Refused

/** Why a change cannot build on the run's state; `undefined` if it can. */
export type Doubt = Extract<ClientRefusal, 'gap' | 'needs-base' | 'base-unknown'> | undefined

/** A message and its place in its run. */
export interface Standing {
  readonly run: Run
  readonly envelope: Envelope
  readonly place: Place
  readonly doubt: Doubt
}

/** The parts, limits and platform of a client. */
export interface ClientTools {
  readonly parts: ClientParts
  readonly limits: ClientLimits
  readonly platform: ClientPlatform
}

/** What the readers of payloads get in addition to the message. */
export interface Tools extends ClientTools {
  /** Remaining work for the changes of the current record. */
  readonly work: Work
}

export const keeps: Effect = { ok: true, does: 'keeps' }
