/**
 * Stalled clients under load. The send deadline and the slow-client rule are set out of the way,
 * so that nothing but the bounds of the buffers themselves keeps the memory down.
 */
import { scenario } from '../harness/dsl/scenario.ts'

const mebibyte = 1_024 * 1_024

export default scenario({
  name: 'memory-stays-bounded',
  claim: 'The memory of the relay stays bounded in bytes while clients stall under load.',
  suites: ['quick', 'nightly'],
  topic: { partitions: 3 },
  relay: {
    ringBytesMax: 16 * mebibyte,
    sendTimeoutMs: 60_000,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 300, payloadBytes: 32_768, threads: 24 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    stalled: { count: 8, reads: 'fast' },
  },
  phases: () => [
    { name: 'fill-the-ring', ms: 12_000 },
    { name: 'stall', ms: 15_000, faults: [{ fault: 'readers-stop', group: 'stalled' }] },
  ],
  expect: () => ({
    'v8-L1': [
      {
        check: 'memory-bounded',
        stalled: 'stalled',
        phases: ['stall'],
        ceilingBytes: 380 * mebibyte,
        slopeBytesPerSecond: 6 * mebibyte,
      },
    ],
    '2X-14': [
      {
        check: 'memory-bounded',
        stalled: 'stalled',
        phases: ['fill-the-ring', 'stall'],
        ceilingBytes: 380 * mebibyte,
        slopeBytesPerSecond: 12 * mebibyte,
      },
    ],
  }),
})
