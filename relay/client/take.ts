/**
 * Applies one message to its run, in the only safe order: duplicate? in order? which effect? and
 * only then the change. Every path that changes a run goes through here.
 */
import { EventType } from '../../proto/gen/dashstream_pb.js'
import { readCheckpoint } from './checkpoints.ts'
import type { Dedupe, Fate } from './dedupe.ts'
import { readDiff } from './diffs.ts'
import { keeps, type Doubt, type Effect, type Standing, type Tools } from './effects.ts'
import type { Body, Envelope } from './envelope.ts'
import { changesState, nodeOf, noteEvent, readEvent } from './events.ts'
import type { Place } from './guard.ts'
import { flagOf, refuse, type ClientRefusal, type Refused } from './refusals.ts'
import type { Run } from './run.ts'
import { OverworkedError } from './work.ts'

/** The newest schema that this client interprets; 0 on the wire reads as 1. */
export const schemaVersionMax = 1

/** The outcome of one message. */
export type Taken =
  | { readonly outcome: 'applied' }
  | {
      readonly outcome: 'duplicate' | 'ignored' | 'refused'
      readonly reason: ClientRefusal
      readonly says: string
    }

/** A message, its run, and what is known of its delivery. */
export interface Delivery {
  readonly run: Run
  readonly envelope: Envelope
  /** The record's offset was processed already. */
  readonly isRepeat: boolean
}

/** Applies one message. Changes the run as a whole or not at all. */
export function take(delivery: Delivery, dedupe: Dedupe, tools: Tools): Taken {
  const { run, envelope, isRepeat } = delivery
  const { sequence } = envelope
  const key = envelope.key === undefined ? undefined : `${run.serial}/${envelope.key}`
  const fate = key === undefined ? undefined : dedupe.fateOf(key)
  const place = tools.parts.guard.place(sequence, run, isRepeat || fate !== undefined)
  if (fate === 'taken') return takeAgain(delivery, place)
  if (isRepeat && (place === 'behind' || place === 'unnumbered')) return known(delivery, fate)
  if (place === 'behind' && fate) return known(delivery, fate)
  const doubt = doubtOf(delivery, place)
  if (doubt === 'gap') run.flags.add('gap')
  const effect = boundedEffectOf({ run, envelope, place, doubt }, tools)
  if (sequence > 0n) run.observe(sequence)
  if (key !== undefined) dedupe.note(key, effect.ok ? 'taken' : 'refused')
  if (!effect.ok) return refused(delivery, effect, fate)
  settle(run, effect, place, sequence)
  if (envelope.body.case === 'event') noteEvent(run, envelope.body.value, sequence)
  run.addLine(lineOf(envelope))
  return { outcome: 'applied' }
}

/** Why a change cannot build on the run's state; decided before the run sees the message. */
function doubtOf({ run, envelope, isRepeat }: Delivery, place: Place): Doubt {
  if (place === 'unnumbered') return run.isBlocked ? 'needs-base' : undefined
  const isJump = place === 'ahead' && run.chain !== undefined && envelope.sequence > run.seen + 1n
  if (isJump && !isRepeat) return 'gap'
  return place === 'next' && !run.isBlocked ? undefined : 'needs-base'
}

/** Refuses a message that costs too much work; the run has not been changed then. */
function boundedEffectOf(standing: Standing, tools: Tools): Effect {
  try {
    return effectOf(standing, tools)
  } catch (error) {
    if (!(error instanceof OverworkedError)) throw error
    return refuse('work', `The limit is ${tools.limits.workUnitsMax} units.`)
  }
}

function effectOf(standing: Standing, tools: Tools): Effect {
  const { body, schemaVersion, sequence } = standing.envelope
  if (standing.place === 'behind') {
    return refuse('order', `It is ${sequence}, the newest of the run is ${standing.run.seen}.`)
  }
  if (schemaVersion > schemaVersionMax) {
    return refuse('schema', `It is ${schemaVersion}, this client knows ${schemaVersionMax}.`)
  }
  if (body.case === 'stateDiff') return readDiff(body.value, standing, tools)
  if (body.case === 'checkpoint') return readCheckpoint(body.value, standing, tools)
  return body.case === 'event' ? readEvent(body.value, standing, tools) : keeps
}

function settle(run: Run, effect: Effect & { ok: true }, place: Place, sequence: bigint): void {
  switch (effect.does) {
    case 'proves':
      run.prove(effect.next, sequence)
      if (effect.checkpoint !== undefined) run.checkpoints.set(effect.checkpoint, sequence)
      return
    case 'advances':
      return run.advance(effect.next, sequence)
    case 'unproves':
      return run.unprove()
    case 'keeps':
      if (place === 'next') run.hold(sequence)
  }
}

/** A message that was applied before: it changes nothing, but it may close a gap in the chain. */
function takeAgain(delivery: Delivery, place: Place): Taken {
  const { run, envelope } = delivery
  if (place === 'next' && !changesState(envelope.body)) run.hold(envelope.sequence)
  return known(delivery, 'taken')
}

function known({ isRepeat }: Delivery, fate: Fate | undefined): Taken {
  if (fate === undefined) return without('ignored', 'superseded')
  return without('duplicate', isRepeat ? 'redelivered' : 'duplicate')
}

function without(outcome: 'duplicate' | 'ignored', reason: ClientRefusal): Taken {
  return { outcome, reason, says: refuse(reason).says }
}

/** Flags the run; a repeated refusal is not recorded twice. */
function refused({ run, envelope }: Delivery, why: Refused, fate: Fate | undefined): Taken {
  const { reason, says } = why
  const flag = flagOf(reason)
  if (flag) run.flags.add(flag)
  if (fate === undefined) {
    run.refusals.set(reason, (run.refusals.get(reason) ?? 0) + 1)
    run.addLine({ ...lineOf(envelope), refused: reason })
  }
  return { outcome: 'refused', reason, says }
}

function lineOf({ sequence, timestampUs, body }: Envelope) {
  const node = body.case === 'event' ? nodeOf(body.value) : undefined
  const unixMs = Number(timestampUs) / 1_000
  return { sequence, kind: kindOf(body), unixMs, ...(node === undefined ? {} : { node }) }
}

/** `state_diff`, `node_start`, …: the name of a message for people. */
function kindOf(body: Body): string {
  if (body.case === 'event') {
    return (EventType[body.value.eventType] ?? `event_${body.value.eventType}`).toLowerCase()
  }
  return body.case.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
