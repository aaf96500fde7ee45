/**
 * What may be said against the state of a run. A flag that `blocks` means that the state is not
 * proven: operations are then applied only where the record's own state hash proves the result.
 * The others say that something may be missing; the next sequence decides whether it is.
 */
export const runFlags = {
  partial: { blocks: true, says: 'The run was first seen in its middle; its base is not known.' },
  gap: { blocks: true, says: 'Sequences of this run are missing.' },
  order: { blocks: true, says: 'A record of this run came after a later one.' },
  unsequenced: { blocks: true, says: 'A state change came without a sequence.' },
  patch: { blocks: true, says: 'A patch could not be read or applied.' },
  hash: { blocks: true, says: 'A record disagrees with this state about its hash.' },
  state: { blocks: true, says: 'A whole state could not be read.' },
  checkpoint: { blocks: true, says: 'A checkpoint could not be read.' },
  schema: { blocks: true, says: 'A record of a newer schema was not interpreted.' },
  internal: { blocks: true, says: 'The client failed on a record of this run.' },
  'catching-up': { blocks: false, says: 'Later sequences of this run are yet to be sent again.' },
  'stream-gap': { blocks: false, says: 'The relay skipped records of this partition.' },
  'stale-cursor': { blocks: false, says: 'Records of this partition were evicted unread.' },
  disconnected: { blocks: false, says: 'The relay ended the connection; the state may be old.' },
} as const satisfies Record<string, { readonly blocks: boolean; readonly says: string }>

/** The stable name of a flag. */
export type RunFlag = keyof typeof runFlags

/** Whether any of `flags` says that the state is not proven. */
export function isBlocked(flags: ReadonlySet<RunFlag>): boolean {
  for (const flag of flags) if (runFlags[flag].blocks) return true
  return false
}
