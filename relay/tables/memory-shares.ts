/**
 * What the relay may hold in memory besides itself, as shares of one budget. A row names the
 * setting that bounds the share; the labels of the metrics follow.
 */
import type { SettingKey } from './settings.ts'

interface ShareRow {
  /** The setting that is its limit, in bytes. */
  readonly limit: SettingKey
  readonly says: string
  /** What it grows by is refused, or closed, when the budget as a whole is spent. */
  readonly isElastic?: true
}

export const shareRows = {
  fetched: {
    limit: 'inflightBytesMax',
    says: 'Fetched records that have not been offered to clients yet.',
  },
  unpacked: {
    limit: 'payloadBytesMax',
    says: 'The content of the large record that is looked through; there is one at a time.',
  },
  ring: {
    limit: 'ringBytesMax',
    says: 'The ring that all clients read from.',
  },
  pinned: {
    limit: 'pinnedBytesMax',
    says: 'What has left the ring and is still held by a socket.',
  },
  replay_memory: {
    limit: 'replayMemoryBytesMax',
    says: 'Records offered for replay from memory; those in the ring too are counted twice.',
  },
  redis_queue: {
    limit: 'redisQueueBytesMax',
    says: 'What waits for Redis or is on its way to it.',
  },
  dead_letters: {
    limit: 'dlqWaitingBytesMax',
    says: 'Dead letters that Kafka has not acknowledged.',
  },
  thread_names: {
    limit: 'threadNamesBytesMax',
    says: 'Names of threads, and where their sequences stand.',
  },
  replay_pages: {
    limit: 'replayPagesBytesMax',
    says: 'Pages of replays, and what was made of them for a client that has not taken it.',
    isElastic: true,
  },
  replay_requests: {
    limit: 'replayRequestsBytesMax',
    says: 'What clients that wait for a replay, or get one, have asked for.',
    isElastic: true,
  },
  client_queues: {
    limit: 'clientQueuesBytesMax',
    says: "Clients' own frames: those that wait, and those that are being written.",
    isElastic: true,
  },
  partial_frames: {
    limit: 'partialFramesBytesMax',
    says: 'Messages of clients that have not come to their end, or wait for their turn.',
    isElastic: true,
  },
} as const satisfies Record<string, ShareRow>

export type ShareName = keyof typeof shareRows
export const shareNames = Object.keys(shareRows) as readonly ShareName[]

/** Whether a share is refused when the budget as a whole is spent; others keep their own bounds. */
export function isElastic(name: ShareName): boolean {
  const row: ShareRow = shareRows[name]
  return row.isElastic === true
}
