/**
 * Half an hour of load with stalled clients: too long for a nightly run, long enough for a leak of
 * 1 MiB/min to stand out from the normal variation of the heap.
 */
import { scenario } from '../harness/dsl/scenario.ts'

const mebibyte = 1_024 * 1_024
const minuteMs = 60_000

export default scenario({
  name: 'memory-stays-flat',
  claim: "The relay's memory does not grow over half an hour of load.",
  suites: ['soak'],
  topic: { partitions: 3 },
  relay: { sendTimeoutMs: 60_000, lagDisconnectRecords: 0, connectionsPerIpMax: 100 },
  load: { recordsPerSecond: 300, payloadBytes: 4_096, threads: 24 },
  fleet: {
    readers: { count: 10, reads: 'fast' },
    stalled: { count: 4, reads: 'fast' },
  },
  phases: () => [
    { name: 'warm-up', ms: 2 * minuteMs },
    {
      name: 'soak',
      ms: 28 * minuteMs,
      faults: [{ fault: 'readers-stop', group: 'stalled' }],
    },
  ],
  expect: () => ({
    'v8-L1': [
      {
        check: 'memory-bounded',
        calm: 'warm-up',
        phases: ['soak'],
        stalled: 'stalled',
        budgetBytes: 64 * mebibyte,
        slopeBytesPerSecond: mebibyte / 60,
      },
    ],
  }),
})
