/**
 * The `error` frames of the protocol, once: which requests the relay refuses, and whether it closes
 * the client afterwards. Codes and texts of DashFlow's are kept word for word.
 */
import type { CloseReason } from './close-codes.ts'

interface ErrorRow {
  /** `{n}` stands for the number that was found. */
  readonly says: string
  /** Why the client is closed after the frame; without it, it stays. */
  readonly closes?: CloseReason
}

export const errorRows = {
  CONTROL_FRAME_TOO_LARGE: {
    says: 'Control message ({n} bytes) exceeds maximum (1048576 bytes)',
    closes: 'frame_too_large',
  },
  REPLAY_TIMEOUT: {
    says: 'Replay operation timed out due to slow connection',
    closes: 'replay_timeout',
  },
  RESUME_TOO_MANY_PARTITIONS: {
    says: 'Too many partitions in resume request: {n} > 1024',
    closes: 'resume_refused',
  },
  RESUME_TOO_MANY_THREADS: {
    says: 'Too many threads in resume request: {n} > 10000',
    closes: 'resume_refused',
  },
  RESUME_INVALID: { says: 'Resume request is not valid: {n}' },
  REPLAY_FAILED: {
    says: 'The replay failed; what came before this is complete',
    closes: 'replay_failed',
  },
  REPLAY_IN_PROGRESS: { says: 'A replay is in progress; resume again after replay_complete' },
  CURSOR_RESET_FORBIDDEN: { says: 'cursor_reset needs the bearer token on this address' },
  TOO_MANY_RESETS: { says: 'The replay buffer was reset too often; try again later' },
  TOO_MANY_RESUMES: { says: 'Too many resumes on this connection; try again later' },
  REPLAY_BUSY: {
    says: 'Too many replays are in progress; reconnect later',
    closes: 'replay_busy',
  },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof errorRows

/** The frame as an object; `found` replaces `{n}`. */
export function errorBody(code: ErrorCode, found: string | number = ''): Record<string, unknown> {
  return { type: 'error', code, message: errorRows[code].says.replace('{n}', String(found)) }
}

/** Why the client is closed after this error, if it is. */
export function closeAfter(code: ErrorCode): CloseReason | undefined {
  const row: ErrorRow = errorRows[code]
  return row.closes
}
