/**
 * From the bytes of one record to one outcome. Whatever the bytes, the result is a value, other
 * runs are not changed, and the stream can go on.
 */
import type { Position } from './cursors.ts'
import type { Dedupe } from './dedupe.ts'
import type { ClientTools, Tools } from './effects.ts'
import { envelopesOf, type Envelope } from './envelope.ts'
import { refuse, type ClientRefusal, type Refused } from './refusals.ts'
import type { Runs } from './runs.ts'
import { take, type Taken } from './take.ts'
import { Work } from './work.ts'

export type Outcome = 'applied' | 'duplicate' | 'quarantined' | 'refused' | 'ignored'

/** The outcome of a record; of a batch, that of its worst message. */
export interface RecordResult {
  readonly outcome: Outcome
  /** Present unless the record was applied. */
  readonly reason?: ClientRefusal
  readonly says?: string
  /** The run of the message that decided the outcome. */
  readonly thread?: string
  /** The bytes are not a record; fetching them again may help. */
  readonly isUndecodable?: true
}

/** Where records are applied. */
export interface RecordSink {
  readonly runs: Runs
  readonly dedupe: Dedupe
  readonly tools: ClientTools
}

/** A record that is being applied. */
interface RecordDelivery extends RecordSink {
  readonly tools: Tools
  readonly position: Position
  readonly isRepeat: boolean
}

/** From worst to best. */
const gravity: readonly Outcome[] = ['refused', 'quarantined', 'applied', 'ignored', 'duplicate']

/** Applies a record to its runs. Keeps no reference to `frame`. */
export function readRecord(
  frame: Uint8Array,
  position: Position,
  isRepeat: boolean,
  sink: RecordSink,
): RecordResult {
  const { parts, limits } = sink.tools
  const decoded = parts.decode(frame, limits)
  if (!decoded.ok) {
    return { ...aside(decoded), isUndecodable: true }
  }
  const envelopes = envelopesOf(decoded.message)
  if (!envelopes) return aside(refuse('message-kind'))
  const tools = { ...sink.tools, work: new Work(limits.workUnitsMax) }
  const delivery = { ...sink, tools, position, isRepeat }
  const results = envelopes.map((envelope) => readMessage(envelope, delivery))
  return worstOf(results)
}

function readMessage(
  envelope: Envelope,
  { runs, dedupe, tools, position: { partition }, isRepeat }: RecordDelivery,
): RecordResult {
  const { thread } = envelope
  if (thread === '') return aside(refuse('thread-missing'))
  if (thread.length > tools.limits.threadUnitsMax) return aside(refuse('thread-too-long'))
  const run = runs.open(thread, partition)
  let taken: Taken
  try {
    taken = take({ run, envelope, isRepeat }, dedupe, tools)
  } catch (error) {
    run.flags.add('internal')
    return { ...aside(refuse('internal', String(error))), thread }
  } finally {
    runs.weigh(run)
  }
  return { ...taken, thread }
}

function aside({ reason, says }: Pick<Refused, 'reason' | 'says'>): RecordResult {
  return { outcome: 'quarantined', reason, says }
}

function worstOf(results: readonly RecordResult[]): RecordResult {
  for (const outcome of gravity) {
    const found = results.find((result) => result.outcome === outcome)
    if (found) return found
  }
  return { outcome: 'applied' }
}
