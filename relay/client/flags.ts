/**
 * Why the state of a run may be wrong. A flag that `blocks` means that the state is not proven:
 * operations are then applied only where the record's own state hash proves the result. The others
 * mean that something may be missing; the next sequence decides whether it is.
 */
export const runFlags = {
  partial: { blocks: true, says: 'The first record of the run was not its start; no base state.' },
  gap: { blocks: true, says: 'Sequences of this run are missing.' },
  order: { blocks: true, says: 'A record of this run arrived after a later one.' },
  unsequenced: { blocks: true, says: 'A state change had no sequence.' },
  patch: { blocks: true, says: 'A patch could not be read or applied.' },
  hash: { blocks: true, says: 'The hash in a record differs from that of this state.' },
  state: { blocks: true, says: 'A whole state could not be read.' },
  checkpoint: { blocks: true, says: 'A checkpoint could not be read.' },
  schema: { blocks: true, says: 'A record of a newer schema was not interpreted.' },
  internal: { blocks: true, says: 'The client failed on a record of this run.' },
  'catching-up': { blocks: false, says: 'Later sequences of this run are still to be replayed.' },
  'stream-gap': { blocks: false, says: 'The relay skipped records of this partition.' },
  'stale-cursor': { blocks: false, says: 'Records of this partition were evicted unread.' },
  disconnected: { blocks: false, says: 'The relay closed the connection; the state may be old.' },
} as const satisfies Record<string, { readonly blocks: boolean; readonly says: string }>

/** The stable name of a flag. */
export type RunFlag = keyof typeof runFlags

/** Whether any of `flags` says that the state is not proven. */
export function isBlocked(flags: ReadonlySet<RunFlag>): boolean {
  for (const flag of flags) if (runFlags[flag].blocks) return true
  return false
}
