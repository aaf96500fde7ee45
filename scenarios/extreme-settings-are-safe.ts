/**
 * Redis is told to keep records for 0 seconds, for longer than any clock counts, for a word, and
 * for one second; memory keeps few. What newcomers are replayed shows what the relay made of it.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { answerLimitMs, join, latecomers, quiet } from '../harness/dsl/words.ts'
import { restartedWith, retainsAll } from '../harness/dsl/words.ts'

const ttl = 'REDIS_MESSAGE_TTL_SECS'
/** More seconds than 64 bits hold once they are counted in anything smaller. */
const endless = '18446744073709551615'
const path = 'replay_buffer.redis_message_ttl_secs'
const told = { check: 'settings-stay-in-bounds', path } as const
const kept = { replayMemoryRecordsMax: 100, ...retainsAll } as const
/** Whoever polls its lag seldom may take as long to end. */
const soonOver = { lagDisconnectRecords: 0, lagIntervalMs: 1_000 } as const
const traffic = { ms: 4_000, prelude: [join('watching')] } as const

export default scenario({
  name: 'extreme-settings-are-safe',
  claim: 'A time to live that cannot be is replaced by one that works, and one that can be holds.',
  suites: ['nightly'],
  topic: { partitions: 4 },
  relay: { replayTtlMs: 0, replayTimeoutMs: 10_000, ...kept, ...soonOver },
  // So few that no partition needs a second page: what pages skip is another finding.
  load: { recordsPerSecond: 120, payloadBytes: 512, threads: 24 },
  fleet: {
    readers: { count: 1, reads: 'fast' },
    watching: { count: 1, reads: 'fast', joins: 'later' },
    late: latecomers(2),
  },
  phases: ({ replayTimeoutMs }) => {
    const awaitsReplaysMs = answerLimitMs(replayTimeoutMs)
    const replayed = { ms: 1_000, awaitsReplaysMs, stimuli: [join('late')] } as const
    const tried = <N extends string>(name: N) =>
      [{ name, ...traffic }, { name: `${name}-replayed`, ...replayed }] as const
    return [
      ...tried('zero'),
      { name: 'endless-set', ...restartedWith({ [ttl]: endless }) },
      ...tried('endless'),
      { name: 'word-set', ...restartedWith({ [ttl]: 'abc' }) },
      ...tried('word'),
      { name: 'second-set', ...restartedWith({ [ttl]: '1' }) },
      { name: 'second', ...traffic },
      { name: 'second-over', ms: 4_000, ...quiet },
      { name: 'second-replayed', ...replayed, ...quiet },
    ]
  },
  expect: ({ replayTimeoutMs, replayRecordsMax: recordsMax }) => {
    const least = { limitMs: answerLimitMs(replayTimeoutMs), replaysMin: 2, recordsMin: 500 }
    const only = { isRetained: true, holdsOnly: true, recordsMax } as const
    const late = { groups: ['late'], ...least, ...only } as const
    const whole = (['zero', 'endless', 'word'] as const).flatMap(
      (one) => [{ check: 'replays-answered', ...late, phase: `${one}-replayed`, sincePhase: one },
        { ...told, phase: one, above: 0, atMost: Number(endless) }] as const)
    const old = { groups: ['late'], limitMs: 3_000, memoryRecordsMax: 100 } as const
    const over = { check: 'replays-expire', phase: 'second-replayed', ...old } as const
    return { 'M-742': [...whole, { ...told, phase: 'second', above: 0, atMost: 1 }, over] }
  },
})
