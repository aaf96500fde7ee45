/**
 * Decides about a resume request: served, or refused with its code. Total: every input gets one of
 * the two.
 *
 * DashFlow leaves out an entry that it cannot read and then treats the partition as never seen,
 * which turns one wrong character into a replay of everything. Here the request is refused as a
 * whole, and the error names the entry.
 */
import {
  type ClientFrame,
  type NoFrame,
  parseClientFrame,
  type Parsed,
  type Resume,
  RESUME_PARTITIONS_MAX,
  RESUME_THREADS_MAX,
} from '../../proto/control.ts'
import type { ErrorCode } from '../tables/errors.ts'

/** What is requested, and from which positions. */
export interface ResumeRequest {
  readonly mode: Resume['mode']
  /** Where partition mode starts; thread mode ignores it. */
  readonly from: 'latest' | 'earliest' | 'cursor'
  /** The last applied offset of each partition: exclusive lower bounds. */
  readonly cursors: ReadonlyMap<number, bigint>
  /** The last applied sequence of each thread, for thread mode: exclusive lower bounds. */
  readonly sequences: ReadonlyMap<string, bigint>
  /** The replay buffer's epoch of the cursors; undefined when not given. */
  readonly epoch: string | undefined
}
/** Why a request is refused; `found` goes into the error's text. */
export interface ResumeRefusal {
  readonly refused: Extract<ErrorCode, `RESUME_${string}`>
  readonly found: string | number
}

/** Judges a parsed control frame whose `type` is `resume`. */
export function judgeResume(read: Parsed<ClientFrame>): ResumeRequest | ResumeRefusal {
  if (!read.ok) return tooMuchOf(read) ?? { refused: 'RESUME_INVALID', found: read.says }
  if (read.frame.type !== 'resume') return { refused: 'RESUME_INVALID', found: 'its type' }
  const { frame: resume } = read
  return refusalOf(resume) ?? requestOf(resume)
}

/** Judges its text. */
export const parseResume = (text: string): ResumeRequest | ResumeRefusal =>
  judgeResume(parseClientFrame(text))

/** The refusal of a frame with too many entries, which was not parsed to its end. */
export function tooMuchOf({ field }: NoFrame): ResumeRefusal | undefined {
  if (field === 'lastOffsetsByPartition') {
    const found = `at least ${RESUME_PARTITIONS_MAX + 1}`
    return { refused: 'RESUME_TOO_MANY_PARTITIONS', found }
  }
  if (field !== 'lastSequencesByThread') return undefined
  return { refused: 'RESUME_TOO_MANY_THREADS', found: `at least ${RESUME_THREADS_MAX + 1}` }
}

const requestOf = (resume: Resume): ResumeRequest => ({
  mode: resume.mode,
  from: resume.from,
  cursors: resume.lastOffsetsByPartition,
  sequences: resume.lastSequencesByThread,
  epoch: resume.epoch,
})

/** Whether an entry that could not be read is one of a thread. */
const isThread = (entry: string) => entry.startsWith('thread ')

/**
 * Sizes first, whatever the mode, so that a large request costs only its parsing. Then the entries
 * of its mode; those of the other mode are ignored.
 */
function refusalOf(resume: Resume): ResumeRefusal | undefined {
  const badThreads = resume.refused.filter(isThread).length
  const badPartitions = resume.refused.length - badThreads
  const partitions = resume.lastOffsetsByPartition.size + badPartitions
  if (partitions > RESUME_PARTITIONS_MAX) {
    return { refused: 'RESUME_TOO_MANY_PARTITIONS', found: partitions }
  }
  const threads = resume.lastSequencesByThread.size + badThreads
  if (threads > RESUME_THREADS_MAX) return { refused: 'RESUME_TOO_MANY_THREADS', found: threads }
  const isByThread = resume.mode === 'thread'
  const bad = resume.refused.find((entry) => isThread(entry) === isByThread)
  return bad === undefined ? undefined : { refused: 'RESUME_INVALID', found: shown(bad) }
}

/** A client's text, made short and safe for a message: cut between characters. */
const shown = (text: string) => JSON.stringify(Array.from(text.slice(0, 96)).slice(0, 48).join(''))
