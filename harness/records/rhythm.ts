/**
 * The kind of record at each sequence of a thread. The mix is that of a real one: a baseline,
 * then node after node with tokens, tool calls, patches and metrics, an event batch now and then,
 * and a checkpoint at a steady cadence. A pure function of the sequence, so that any position can
 * be recomputed without those before it.
 */

export type Slot =
  | 'graph-start'
  | 'node-start'
  | 'token'
  | 'patch'
  | 'tool-requested'
  | 'tool-completed'
  | 'metrics'
  | 'batch'
  | 'checkpoint'
  | 'node-end'

/** One node of the thread. The batch is one record and holds three sequences. */
const rhythm = [
  'node-start',
  'token',
  'token',
  'patch',
  'tool-requested',
  'metrics',
  'tool-completed',
  'patch',
  'token',
  'batch',
  'batch',
  'batch',
  'patch',
  'token',
  'metrics',
  'node-end',
] as const satisfies readonly Slot[]

/** Sequences of one event batch. */
export const batchSpan = 3
const batchAt = 9
/** Where, in every eighth node, a checkpoint replaces the token. */
const checkpointAt = 13
const checkpointEvery = 8 * rhythm.length
const patchesPerNode = rhythm.filter((slot) => slot === 'patch').length

/** Kind of the record that holds `sequence` (1 is the first of a thread). */
export function slotAt(sequence: number): Slot {
  if (sequence === 1) return 'graph-start'
  const beat = sequence - 2
  if (beat % checkpointEvery === checkpointAt) return 'checkpoint'
  return rhythm[beat % rhythm.length] as Slot
}

/** First sequence of the record that holds `sequence`, and the first after that record. */
export function spanAt(sequence: number): { readonly first: number; readonly next: number } {
  if (slotAt(sequence) !== 'batch') return { first: sequence, next: sequence + 1 }
  const first = sequence - (((sequence - 2) % rhythm.length) - batchAt)
  return { first, next: first + batchSpan }
}

/** How many patches a thread has had at `sequence`. */
export function versionAt(sequence: number): number {
  if (sequence < 2) return 0
  const beats = sequence - 1
  const inNode = rhythm.slice(0, beats % rhythm.length).filter((slot) => slot === 'patch').length
  return Math.floor(beats / rhythm.length) * patchesPerNode + inNode
}

/** Sequence of the newest checkpoint at or before `sequence`; undefined before the first. */
export function checkpointBefore(sequence: number): number | undefined {
  const beat = sequence - 2 - checkpointAt
  return beat < 0 ? undefined : sequence - (beat % checkpointEvery)
}

/** The node that a sequence belongs to, counted from 0. */
export const nodeAt = (sequence: number): number => Math.floor((sequence - 2) / rhythm.length)
