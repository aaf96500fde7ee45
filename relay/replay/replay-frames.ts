/** The control frames of a replay, as wire bytes. */
import { encodeControl, type FrameOf, type ServerFrame } from '../../proto/control.ts'
import { frame, opcodes } from '../log/frames.ts'
import type { Stale } from './legs.ts'

export const controlFrame = (body: ServerFrame): Buffer =>
  frame(opcodes.text, Buffer.from(encodeControl(body)))

/** The range of the gap: offsets of a partition, or sequences of a thread. */
type GapPlace = Pick<
  FrameOf<'gap'>,
  'partition' | 'firstOffset' | 'lastOffset' | 'threadId' | 'firstSequence' | 'lastSequence'
>

/** Severity and text for people. */
type GapSays = Pick<FrameOf<'gap'>, 'severity' | 'message'>
const inReplay: GapSays = {
  severity: 'warning',
  message: 'Replay gap detected; some messages may be lost',
}

export const gapFrame = (count: bigint, place: GapPlace, says = inReplay): Buffer =>
  controlFrame({ type: 'gap', count, ...place, ...says })

export const staleFrame = (stale: Stale): Buffer =>
  controlFrame({
    type: 'cursor_stale',
    ...stale,
    message: 'Cursor is stale; data may have been evicted. State may be incomplete.',
  })
