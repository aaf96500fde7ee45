/**
 * The time to live in Redis is set to 0 seconds, to more than 64 bits hold, to a word, and to one
 * second; memory keeps few records. What new clients get replayed shows what the relay made of it.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { answerLimitMs, join, latecomers, quiet } from '../harness/dsl/words.ts'
import { restartedWith, retainsAll } from '../harness/dsl/words.ts'

const ttl = 'REDIS_MESSAGE_TTL_SECS'
/** More seconds than 64 bits hold once they are counted in anything smaller. */
const endless = '18446744073709551615'
const path = 'replay_buffer.redis_message_ttl_secs'
const reported = { check: 'settings-stay-in-bounds', path } as const
const kept = { replayMemoryRecordsMax: 100, ...retainsAll } as const
/** A relay may finish its current lag poll before it exits: keep that short. */
const soonOver = { lagDisconnectRecords: 0, lagIntervalMs: 1_000 } as const
const traffic = { ms: 4_000, prelude: [join('watching')] } as const

export default scenario({
  name: 'extreme-settings-are-safe',
  claim: 'An impossible time to live is replaced by one that works; a possible one is kept.',
  suites: ['nightly'],
  topic: { partitions: 4 },
  relay: { replayTtlMs: 0, replayTimeoutMs: 10_000, ...kept, ...soonOver },
  // Few enough that no replay needs a second page: records skipped by paging are another finding.
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
        { ...reported, phase: one, above: 0, atMost: Number(endless) }] as const)
    const old = { groups: ['late'], limitMs: 3_000, memoryRecordsMax: 100 } as const
    const over = { check: 'replays-expire', phase: 'second-replayed', ...old } as const
    return { 'M-742': [...whole, { ...reported, phase: 'second', above: 0, atMost: 1 }, over] }
  },
})
