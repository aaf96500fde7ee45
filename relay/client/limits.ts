/**
 * Every limit of the client. Whatever a relay or a producer sends, memory and time stay below them;
 * each map drops its least recent entry instead of growing.
 */
const KiB = 1_024
const MiB = 1_024 * KiB

export const clientLimits = {
  /** One record, plain and unpacked. */
  payloadBytesMax: 10 * MiB,
  /**
   * Messages within one record, headers and map entries included: they take 2 bytes each on the
   * wire, and 200 in memory.
   */
  messagesMax: 131_072,
  /** Work that the changes of one record may cost, see work.ts. */
  workUnitsMax: 128 * MiB,
  /** One control frame. */
  textUnitsMax: MiB,
  /** One state as JSON, and what the copies within one patch may add. */
  stateBytesMax: 10 * MiB,
  /** All states, snapshots and timelines; above it the least recently active runs are dropped. */
  heldBytesMax: 256 * MiB,
  /** Levels of arrays and objects in one another. */
  stateDepthMax: 512,
  operationsMax: 10_000,
  pathUnitsMax: 1_000,
  runsMax: 1_000,
  /** UTF-16 units of a thread id. */
  threadUnitsMax: 4_096,
  /** Entries of one run's timeline. */
  timelineMax: 500,
  /** Past states of one run that `stateAt` can give. */
  snapshotsMax: 128,
  /** Bytes of the past states of one run. */
  snapshotBytesMax: 4 * MiB,
  /** Checkpoints of one run that a patch may name as its base. */
  checkpointsMax: 64,
  /** Nodes of one run whose status is kept. */
  nodesMax: 256,
  /** Message ids that are remembered, over all runs. */
  messageIdsMax: 65_536,
  partitionsMax: 1_024,
  /** Last notices about the connection. */
  noticesMax: 100,
  /** Records kept aside: their summaries, never their bytes. */
  quarantineMax: 1_000,
  /** How often a record that cannot be decoded is fetched before it is quarantined. */
  poisonAttemptsMax: 1,
  /** Offsets whose attempts are counted at once. */
  poisonOffsetsMax: 1_024,
  /** Milliseconds that a cursor may wait for its record, and a request for its answer. */
  stallMsMax: 30_000,
} as const satisfies Record<string, number>

/** The limits by name. */
export type ClientLimits = { readonly [K in keyof typeof clientLimits]: number }
