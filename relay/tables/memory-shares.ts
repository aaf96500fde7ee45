/**
 * What the relay may hold in memory on behalf of records and clients, as shares of one budget. A
 * row names the setting that bounds the share; the labels of the metrics are derived from it.
 */
import type { SettingKey } from './settings.ts'

interface ShareRow {
  /** The setting that is its limit, in bytes. */
  readonly limit: SettingKey
  readonly says: string
  /** It stops growing, by refusing or closing clients, when the budget as a whole is used up. */
  readonly isElastic?: true
}

export const shareRows = {
  fetched: {
    limit: 'inflightBytesMax',
    says: 'Fetched records that have not been offered to clients yet.',
  },
  unpacked: {
    limit: 'payloadBytesMax',
    says: 'The content of the large record that is being parsed; there is one at a time.',
  },
  ring: {
    limit: 'ringBytesMax',
    says: 'The ring that all clients read from.',
  },
  pinned: {
    limit: 'pinnedBytesMax',
    says: 'Records that have left the ring and are still held by a socket.',
  },
  replay_memory: {
    limit: 'replayMemoryBytesMax',
    says: 'Records kept for replay from memory; those that are in the ring too count twice.',
  },
  redis_queue: {
    limit: 'redisQueueBytesMax',
    says: 'Records that wait for Redis or are being written to it.',
  },
  dead_letters: {
    limit: 'dlqWaitingBytesMax',
    says: 'Dead letters that Kafka has not acknowledged.',
  },
  thread_names: {
    limit: 'threadNamesBytesMax',
    says: 'Names of threads, and their newest sequences.',
  },
  replay_pages: {
    limit: 'replayPagesBytesMax',
    says: 'Pages of replays, and the frames made of them that a client has not taken yet.',
    isElastic: true,
  },
  replay_requests: {
    limit: 'replayRequestsBytesMax',
    says: 'Requests of clients that wait for a replay or are being served one.',
    isElastic: true,
  },
  client_queues: {
    limit: 'clientQueuesBytesMax',
    says: 'Answers to clients: those that wait, and those that are being written.',
    isElastic: true,
  },
  partial_frames: {
    limit: 'partialFramesBytesMax',
    says: 'Messages of clients that are incomplete, or complete and not yet processed.',
    isElastic: true,
  },
} as const satisfies Record<string, ShareRow>

export type ShareName = keyof typeof shareRows
export const shareNames = Object.keys(shareRows) as readonly ShareName[]

/** Whether a share stops growing when the budget is used up; others keep their own bounds. */
export function isElastic(name: ShareName): boolean {
  const row: ShareRow = shareRows[name]
  return row.isElastic === true
}
