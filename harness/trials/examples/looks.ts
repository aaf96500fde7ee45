/**
 * Short scenarios for example relays, each for one property. They use the catalogue's checks, so a
 * wrong relay gets the same verdict as there. Groups are named after their run, because parallel
 * runs share one Toxiproxy.
 */
import { scenario, type Scenario } from '../../dsl/scenario.ts'
import { answerLimitMs, join, latecomers, leave, quiet, retainsAll } from '../../dsl/words.ts'
import { allMalformedKinds } from '../../records/malformed.ts'
import type { KnownTiming } from '../../targets/known-timing.ts'

/** Limits of the example relay that cannot be configured, as a user would state them. */
export const known = {
  healthStaleMs: 3_000,
  lagIntervalMs: 500,
  replayRecordsMax: 50_000,
} as const satisfies KnownTiming

const base = {
  claim: 'What a relay promises, looked at shortly.',
  suites: [],
  topic: { partitions: 3 },
  load: { recordsPerSecond: 150, payloadBytes: 256, threads: 6 },
} as const
const relay = { sendTimeoutMs: 2_000, ...retainsAll, lagDisconnectRecords: 0 }
const fast = (count: number) => ({ count, reads: 'fast' }) as const

/** Records to readers, to one that loses its connection, and to one that comes late. */
function streamed(name: string) {
  const of = (group: string) => `${group}-${name}`
  const [readers, returning, late] = [of('readers'), of('returning'), of('late')]
  const groups = [returning, late]
  const enough = { replaysMin: 2, recordsMin: 100, recordsMax: 50_000 }
  return scenario({
    ...base,
    name,
    relay,
    fleet: {
      [readers]: fast(2),
      [returning]: { ...fast(1), reconnects: true },
      [late]: latecomers(1),
    },
    phases: () => [
      { name: 'traffic', ms: 2_000 },
      { name: 'cut', ms: 500, faults: [{ fault: 'cut', hop: 'clients', group: returning }] },
      { name: 'back', ms: 2_500, stimuli: [join(late)] },
    ],
    expect: () => ({
      'M-748': [{ check: 'replay-end-is-correct', groups, ...enough }],
      'M-1114': [{ check: 'replays-answered', groups, limitMs: 2_000, ...enough }],
    }),
  })
}

/** Its metrics do not count records without a value, so that one could not be accounted for. */
const kinds = allMalformedKinds.filter((kind) => kind !== 'tombstone')

/** Every malformed kind; then the buffer is reset, and a new client requests everything. */
function put(name: string) {
  const of = (group: string) => `${group}-${name}`
  const [readers, resetter, late] = [of('readers'), of('resetter'), of('late')]
  const each = 2
  return scenario({
    ...base,
    name,
    relay: { ...relay, payloadBytesMax: 262_144 },
    fleet: { [readers]: fast(2), [resetter]: fast(1), [late]: latecomers(1) },
    phases: () => [
      { name: 'malformed', ms: 3_000, stimuli: [{ stimulus: 'malformed', kinds, each }] },
      // As much time as a relay on a busy machine may be behind: the replay must hold something.
      { name: 'reset', ms: 3_000, stimuli: [{ stimulus: 'reset', group: resetter }] },
      { name: 'late', ms: 1_500, awaitsReplaysMs: answerLimitMs(1_000), stimuli: [join(late)] },
    ],
    expect: () => ({
      'own-1': [{ check: 'malformed-accounted', judges: 'relay', group: readers, kinds, each }],
      'M-746': [{ check: 'reset-forgets', limitMs: 3_000 }],
    }),
  })
}

/** Kafka is gone for longer than it may go unnoticed. */
function cutOff(name: string) {
  const detectedMs = 3_000
  return scenario({
    ...base,
    name,
    relay,
    fleet: { [`readers-${name}`]: fast(2) },
    phases: ({ healthStaleMs }) => [
      { name: 'traffic', ms: 1_500 },
      {
        name: 'cut',
        ms: healthStaleMs + detectedMs + 1_000,
        faults: [{ fault: 'cut', hop: 'kafka' }],
      },
    ],
    expect: ({ healthStaleMs }) => ({
      'own-2': [
        { check: 'health-recovers', asks: 'false-alarms' },
        { check: 'health-recovers', asks: 'detection', limitMs: healthStaleMs + detectedMs },
      ],
    }),
  })
}

/** The relay falls behind on a narrow way, catches up, and has to share with a rival. */
function behind(name: string) {
  const narrow = { fault: 'bandwidth', hop: 'kafka', kilobytesPerSecond: 32 } as const
  const burst = { stimulus: 'burst', records: 3_000 } as const
  return scenario({
    ...base,
    name,
    relay,
    fleet: { [`readers-${name}`]: fast(2) },
    phases: () => [
      { name: 'traffic', ms: 1_500 },
      { name: 'behind', ms: 3_000, ...quiet, faults: [narrow], stimuli: [burst] },
      { name: 'rebalance', ms: 4_000, faults: [{ fault: 'rebalance', rivals: 1 }] },
      { name: 'reassigned', ms: 2_000 },
    ],
    expect: ({ lagIntervalMs: intervalMs }) => {
      const moved = ['rebalance', 'reassigned'] as const
      const phases = ['traffic', 'behind', ...moved] as const
      const least = { behind: ['behind'], behindRecordsMin: 200 } as const
      return {
        'v8-L3': [{ check: 'lag-truth', intervalMs, about: 'lag', phases, ...least }],
        '2X-33': [{ check: 'lag-truth', intervalMs, about: 'revoked', phases: moved }],
      }
    },
  })
}

/** More clients than there is room for, thrice: plain ones, ones with a claim, plain ones. */
function crowded(name: string) {
  const of = (group: string) => `${group}-${name}`
  const [hasty, probe, pretending] = [of('hasty'), of('probe'), of('pretending')]
  const room = 6
  const crowd = { ...fast(room + 1), joins: 'later', isDirect: true } as const
  const aborts = { stimulus: 'abort-handshakes', group: hasty, each: 12 } as const
  return scenario({
    ...base,
    name,
    relay: { ...relay, connectionsPerIpMax: room },
    fleet: {
      [of('readers')]: fast(1),
      [hasty]: { ...fast(1), isDirect: true },
      [probe]: crowd,
      [pretending]: { ...crowd, claims: 'another-address' },
    },
    phases: () => [
      { name: 'room', ms: 1_500, closing: [join(probe)] },
      { name: 'claimed', ms: 300, prelude: [leave(probe)], closing: [join(pretending)] },
      { name: 'broken-off', ms: 1_000, prelude: [leave(pretending)], stimuli: [aborts] },
      { name: 'after', ms: 200, ...quiet, closing: [join(probe)] },
    ],
    expect: () => ({
      'M-702': [{ check: 'limit-holds', honest: probe, pretending }],
      '2X-32': [
        { check: 'new-clients-accepted', probe, before: 'room', after: 'after', abortedMin: 12 },
      ],
    }),
  })
}

/** It is asked to stop while clients are open, and is started again. */
function stopped(name: string) {
  const returning = `returning-${name}`
  return scenario({
    ...base,
    name,
    relay,
    fleet: { [returning]: { ...fast(3), reconnects: true } },
    phases: () => [
      { name: 'traffic', ms: 1_500 },
      { name: 'stopped', ms: 200, faults: [{ fault: 'restart-relay' }] },
      { name: 'after', ms: 1_500 },
    ],
    expect: () => ({
      'v35-8': [{ check: 'shutdown-completes', limitMs: 10_000, groups: [returning], timesMin: 1 }],
    }),
  })
}

export const looks = {
  streamed,
  put,
  cutOff,
  behind,
  crowded,
  stopped,
} as const satisfies Readonly<Record<string, (name: string) => Scenario>>
export type LookName = keyof typeof looks
