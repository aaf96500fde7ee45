/**
 * Why the relay ends a client, once. The keys are the label values of the metric that counts
 * closed clients and the reasons in the log; code and text are what the client sees, where a close
 * frame can still be sent at all. Codes from 4000 on are ours; below 4500 a client may come back at
 * once with its cursor, from 4500 on it would meet the same refusal again.
 */
interface CloseRow {
  /** Code of the close frame; 1006 where none is sent, because the socket takes no more bytes. */
  readonly code: number
  readonly says: string
  readonly mayReconnect: boolean
}

export const closeRows = {
  client_left: {
    code: 1000,
    says: 'The client closed.',
    mayReconnect: true,
  },
  client_gone: {
    code: 1006,
    says: 'The connection broke without a close frame.',
    mayReconnect: true,
  },
  shutdown: {
    code: 1001,
    says: 'The relay is shutting down.',
    mayReconnect: true,
  },
  protocol_error: {
    code: 1002,
    says: 'The client broke the WebSocket protocol.',
    mayReconnect: false,
  },
  invalid_text: {
    code: 1007,
    says: 'A text frame was not valid UTF-8.',
    mayReconnect: false,
  },
  too_many_pieces: {
    code: 1008,
    says: 'A message came in more pieces than the relay accepts.',
    mayReconnect: false,
  },
  frame_too_large: {
    code: 1009,
    says: 'A frame was larger than the relay accepts.',
    mayReconnect: false,
  },
  slow_client: {
    code: 4001,
    says: 'The client missed more records than the slow-client rule allows.',
    mayReconnect: true,
  },
  send_timeout: {
    code: 1006,
    says: 'A write to the client was not taken within its deadline.',
    mayReconnect: true,
  },
  send_failed: {
    code: 1006,
    says: 'A write to the client failed.',
    mayReconnect: true,
  },
  pinned: {
    code: 1006,
    says: 'The client held on to bytes that had left the ring, and was furthest behind.',
    mayReconnect: true,
  },
  control_backlog: {
    code: 4002,
    says: 'The client did not read the answers to what it asked.',
    mayReconnect: true,
  },
  ping_timeout: {
    code: 1006,
    says: 'The client answered no ping.',
    mayReconnect: true,
  },
  replay_timeout: {
    code: 4003,
    says: 'The replay took longer than its limit.',
    mayReconnect: true,
  },
  replay_failed: {
    code: 4004,
    says: 'The replay failed in the relay.',
    mayReconnect: true,
  },
  replay_busy: {
    code: 4005,
    says: 'Too many replays were under way for this one to get its turn.',
    mayReconnect: true,
  },
  log_replaced: {
    code: 4006,
    says: 'The topic was truncated or created anew: its offsets begin again.',
    mayReconnect: true,
  },
  frame_held_back: {
    code: 4007,
    says: 'The client held back the end of a message, and more than others that did so.',
    mayReconnect: true,
  },
  resume_refused: {
    code: 4502,
    says: 'The resume request was larger than the relay accepts.',
    mayReconnect: false,
  },
} as const satisfies Record<string, CloseRow>

/** Why a client was ended. */
export type CloseReason = keyof typeof closeRows
