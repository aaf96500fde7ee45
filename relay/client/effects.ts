/**
 * What a message asks of its run, decided before anything of the run is touched: either the whole
 * effect is known to be right, or the run stays as it was.
 */
import type { Envelope } from './envelope.ts'
import type { Place } from './guard.ts'
import type { ClientLimits } from './limits.ts'
import type { ClientParts, ClientPlatform } from './parts.ts'
import type { ClientRefusal, Refused } from './refusals.ts'
import type { NewState, Run } from './run.ts'
import type { Work } from './work.ts'

/**
 * - `tells`: no change of state · `advances`: the state that follows from the one before
 * - `proves`: a state that is right whatever was before; `checkpoint` names it for later patches
 * - `unproves`: the run begins anew and does not say with which state
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

/** Why a change that builds on the run's state would build on sand; `undefined` if it does not. */
export type Doubt = Extract<ClientRefusal, 'gap' | 'needs-base' | 'base-unknown'> | undefined

/** A message where it stands in its run. */
export interface Standing {
  readonly run: Run
  readonly envelope: Envelope
  readonly place: Place
  readonly doubt: Doubt
}

/** What a client has of its own. */
export interface ClientTools {
  readonly parts: ClientParts
  readonly limits: ClientLimits
  readonly platform: ClientPlatform
}

/** What the readers of payloads are given besides the message. */
export interface Tools extends ClientTools {
  /** What is left for the changes of the record that is read. */
  readonly work: Work
}

export const keeps: Effect = { ok: true, does: 'keeps' }
