/**
 * Every reason for which the relay closes a client. The keys are the label values of the metric
 * that counts closed clients and the reasons in the log; code and text are what the client sees,
 * where a close frame can still be sent at all. Codes from 4000 on are ours; below 4500 a client
 * may reconnect at once with its cursor, from 4500 on it would be refused again.
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
  too_many_fragments: {
    code: 1008,
    says: 'A message came in more fragments or reads than the relay accepts.',
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
    says: 'A write to the client did not finish within its deadline.',
    mayReconnect: true,
  },
  send_failed: {
    code: 1006,
    says: 'A write to the client failed.',
    mayReconnect: true,
  },
  slow_consumer_memory: {
    code: 1006,
    says: 'Slow clients held too many bytes that had left the ring; this one was furthest behind.',
    mayReconnect: true,
  },
  control_backlog: {
    code: 4002,
    says: 'The client did not read the answers to its requests.',
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
    says: 'Too many replays were in progress, so that this one never began.',
    mayReconnect: true,
  },
  log_replaced: {
    code: 4006,
    says: 'The topic was truncated or recreated: its offsets begin again.',
    mayReconnect: true,
  },
  frame_held_back: {
    code: 4007,
    says: 'Clients held back too many bytes of incomplete messages; this one held back most.',
    mayReconnect: true,
  },
  resume_refused: {
    code: 4502,
    says: 'The resume request was larger than the relay accepts.',
    mayReconnect: false,
  },
} as const satisfies Record<string, CloseRow>

/** Why a client was closed. */
export type CloseReason = keyof typeof closeRows
