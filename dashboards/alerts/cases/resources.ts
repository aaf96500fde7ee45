/** Cases of the rules about memory, CPU, file descriptors and the certificate. */
import { metricRows } from '../../../relay/tables/metrics.ts'
import { foreignRows } from '../../metrics/foreign-metrics.ts'
import {
  countCases,
  fires,
  firesAt,
  gaugeCases,
  given,
  line,
  onsetMs,
  prometheusTarget,
  quietAt,
  stepMs,
  type RuleCase,
  wholeMs,
} from '../case.ts'
import { minutes } from '../rule.ts'
import type { resources as rules } from '../rules/resources.ts'

const { memoryUsed, memoryLimit, memoryRefusals, tlsNotAfter } = metricRows
const { residentMemory, loopLagP99, openFds, maxFds } = foreignRows

const day = 86_400
const MiB = 1_024 * 1_024
const limits = (share: 'pinned' | 'ring') => given(memoryLimit, line(100).stays(wholeMs), { share })
const budget = given(memoryLimit, line(100 * MiB).stays(wholeMs), { share: 'ring' })
const pinned = { share: 'pinned' } as const
const noCertificate = {
  says: 'is quiet without TLS',
  series: [],
  looks: [quietAt(minutes(10))],
} as const
/** A certificate with so many seconds left at the start, and one that replaces it. */
const certificate = (left: number) =>
  given(
    tlsNotAfter,
    line(left)
      .stays(onsetMs)
      .jumps(90 * day)
      .stays(minutes(20)),
  )

export const resources = {
  QueueNearlyFull: [
    ...gaugeCases({
      row: memoryUsed,
      labels: pinned,
      forMs: minutes(10),
      good: 10,
      bad: 91,
      limit: 90,
      shows: '91%',
      keeps: pinned,
      beside: [limits('pinned')],
    }),
    {
      says: 'is quiet about what is always full',
      series: [given(memoryUsed, line(100).stays(wholeMs), { share: 'ring' }), limits('ring')],
      looks: [quietAt(minutes(20))],
    },
  ],
  MemoryRefusals: countCases({
    row: memoryRefusals,
    labels: { share: 'replay_pages' },
    windowMs: minutes(5),
    forMs: 0,
    enough: 10,
    tooFew: 9,
    shows: '10',
  }),
  MemoryAboveBudget: gaugeCases({
    row: residentMemory,
    forMs: minutes(5),
    good: 200 * MiB,
    bad: 457 * MiB,
    limit: 456 * MiB,
    shows: '457Mi',
    beside: [budget],
  }),
  EventLoopSlow: [
    ...gaugeCases({
      row: loopLagP99,
      forMs: minutes(5),
      good: 0.01,
      bad: 0.25,
      limit: 0.2,
      shows: '250ms',
    }),
  ],
  FdsNearLimit: [
    ...gaugeCases({
      row: openFds,
      forMs: minutes(5),
      good: 100,
      bad: 810,
      limit: 800,
      shows: '81%',
      beside: [given(maxFds, line(1_000).stays(wholeMs))],
    }),
    {
      says: 'is not about Prometheus',
      series: [
        given(openFds, line(990).stays(wholeMs), undefined, '', prometheusTarget),
        given(maxFds, line(1_000).stays(wholeMs), undefined, '', prometheusTarget),
      ],
      looks: [quietAt(minutes(20))],
    },
  ],
  CertificateExpired: [
    {
      says: 'fires on the last day, and resolves with a new one',
      series: [certificate(day + 600)],
      looks: [
        quietAt(minutes(10)),
        firesAt(minutes(10) + stepMs, fires('23h 59m 45s')),
        quietAt(onsetMs + stepMs),
      ],
    },
    {
      says: 'is quiet before',
      series: [certificate(2 * day)],
      looks: [quietAt(minutes(10))],
    },
    noCertificate,
  ],
  CertificateExpiresSoon: [
    {
      says: 'fires two weeks before, and resolves with a new one',
      series: [certificate(14 * day + 600)],
      looks: [
        quietAt(minutes(10)),
        firesAt(minutes(10) + stepMs, fires('13d 23h 59m 45s')),
        quietAt(onsetMs + stepMs),
      ],
    },
    {
      says: 'yields to the one of the last day',
      series: [certificate(day + 600)],
      looks: [firesAt(minutes(10), fires('1d 0h 0m 0s')), quietAt(minutes(10) + stepMs)],
    },
    {
      says: 'is quiet before',
      series: [certificate(60 * day)],
      looks: [quietAt(minutes(10))],
    },
    noCertificate,
  ],
} as const satisfies Readonly<Record<keyof typeof rules, readonly RuleCase[]>>
