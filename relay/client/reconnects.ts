/**
 * Why the client abandons a connection. The owner of the socket closes it with the code of the row
 * and opens a new one; a client that noticed a broken stream and stayed connected would look alive
 * and make no progress. Codes are 4000-4999: browsers allow applications no others.
 */
export const reconnects = {
  cursor_pairing_desync: { closeCode: 4001, says: 'Two cursors without a record in between.' },
  missing_cursor: { closeCode: 4002, says: 'A record without a cursor before it.' },
  cursor_malformed: { closeCode: 4003, says: 'A cursor frame is malformed.' },
  decode_failure: { closeCode: 4004, says: 'A record cannot be decoded; it is fetched again.' },
  stalled: { closeCode: 4005, says: 'An answer of the relay is overdue.' },
  text_too_large: { closeCode: 4006, says: 'A control frame is larger than the limit.' },
} as const satisfies Record<string, { readonly closeCode: number; readonly says: string }>

/** The stable name of a reason; used as the reason text of the close frame. */
export type ReconnectReason = keyof typeof reconnects

/** The connection must be closed with this code, and a new one opened. */
export interface MustReconnect {
  readonly reason: ReconnectReason
  readonly closeCode: number
  readonly says: string
}

/** The demand for one reason; `found` adds what was found. */
export function mustReconnect(reason: ReconnectReason, found?: string): MustReconnect {
  const { closeCode, says } = reconnects[reason]
  return { reason, closeCode, says: found === undefined ? says : `${says} ${found}` }
}
