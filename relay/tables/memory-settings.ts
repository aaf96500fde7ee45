/** The settings of the memory budget that bound nothing else. */
import { KiB, MiB, number, ours } from './setting-row.ts'

export const memorySettingRows = {
  memoryBytesMax: number(
    'WEBSOCKET_MEMORY_BYTES',
    'bytes',
    [0, 0, 1_048_576 * MiB],
    'Bytes of all shares of the memory budget together, see `relay_memory_used_bytes`; above ' +
      'that, requests of clients are refused.',
    { zeroMeans: 'the sum of the shares', isOurs: true },
  ),
  partialFramesBytesMax: number(
    'WEBSOCKET_PARTIAL_FRAMES_BYTES',
    'bytes',
    [16 * MiB, 1 * MiB, 4_096 * MiB],
    'Bytes of incomplete messages of all clients together; above that the client that holds ' +
      'back most is closed.',
    ours,
  ),
  replayPagesBytesMax: number(
    'REPLAY_PAGES_BYTES',
    'bytes',
    [64 * MiB, 1 * MiB, 16_384 * MiB],
    'Bytes that all replays together hold for clients; above that a replay waits, and is ' +
      'refused as `REPLAY_BUSY` when that takes longer than `REPLAY_WAIT_SECS`.',
    ours,
  ),
  replayRequestsBytesMax: number(
    'REPLAY_REQUESTS_BYTES',
    'bytes',
    [16 * MiB, 1 * MiB, 4_096 * MiB],
    'Bytes of resumes that wait or are being served, with the state kept of their threads; one ' +
      'more is refused as `REPLAY_BUSY`.',
    ours,
  ),
  threadNamesBytesMax: number(
    'KAFKA_THREAD_NAMES_BYTES',
    'bytes',
    [16 * MiB, 64 * KiB, 4_096 * MiB],
    'Bytes of thread names whose sequences are tracked; the least recently used go first.',
    ours,
  ),
} as const
