/** Cases of the rules about whether the relay is there. */
import { metricRows } from '../../../relay/tables/metrics.ts'
import { foreignRows } from '../../metrics/foreign-metrics.ts'
import {
  fires,
  firesAt,
  gaugeCases,
  given,
  line,
  onsetMs,
  prometheusTarget,
  quietAt,
  relayTarget,
  stepMs,
  type RuleCase,
} from '../case.ts'
import { minutes } from '../rule.ts'
import type { availability as rules } from '../rules/availability.ts'

const { up, startTime } = foreignRows
const isUp = given(up, line(1).stays(minutes(30)))
const second = { ...relayTarget, instance: 'relay-2:3002' }
const trueMs = onsetMs + stepMs

export const availability = {
  ServiceDown: [
    ...gaugeCases({ row: up, forMs: minutes(1), good: 1, bad: 0, limit: 1, shows: '0' }),
    {
      says: 'names the one that is down, of two',
      series: [isUp, given(up, line(0).stays(minutes(5)), undefined, '', second)],
      looks: [firesAt(minutes(2), fires('0', {}, second))],
    },
    {
      says: 'is not about other targets',
      series: [given(up, line(0).stays(minutes(5)), undefined, '', prometheusTarget)],
      looks: [quietAt(minutes(2))],
    },
  ],
  ServiceAbsent: [
    {
      says: 'fires when the target is gone, and resolves when it is back',
      isAlone: true,
      // A target that is removed is absent when the last sample is five minutes old.
      series: [given(up, line(1).stays(onsetMs).isGone(minutes(20)).jumps(1).stays(minutes(10)))],
      looks: [
        quietAt(onsetMs),
        quietAt(onsetMs + minutes(6)),
        firesAt(onsetMs + minutes(6) + stepMs, {
          shows: '1',
          labels: { component: relayTarget.component },
        }),
        quietAt(onsetMs + minutes(20) + stepMs),
      ],
    },
    {
      says: 'is quiet while the relay is down: that is another alert',
      isAlone: true,
      series: [given(up, line(0).stays(minutes(10)))],
      looks: [quietAt(minutes(5))],
    },
    {
      says: 'fires where nothing but Prometheus itself is scraped',
      isAlone: true,
      series: [given(up, line(1).stays(minutes(10)), undefined, '', prometheusTarget)],
      looks: [firesAt(minutes(2), { shows: '1', labels: { component: relayTarget.component } })],
    },
  ],
  RelayMetricsAbsent: [
    {
      says: 'fires when something else answers, and resolves when the relay does',
      series: [
        isUp,
        given(metricRows.uptime, line(0).isGone(onsetMs).jumps(1).climbs(1_200, minutes(20))),
      ],
      looks: [
        quietAt(minutes(1)),
        // The first sample is old after five minutes.
        quietAt(minutes(7)),
        firesAt(minutes(7) + stepMs, fires('1')),
        quietAt(onsetMs + 2 * stepMs),
      ],
    },
    {
      says: 'is quiet while a relay answers',
      series: [isUp, given(metricRows.uptime, line(0).climbs(1_200, minutes(20)))],
      looks: [quietAt(minutes(10))],
    },
    {
      says: 'is not about a target that is down, or is no relay',
      series: [
        given(up, line(0).stays(minutes(10))),
        given(up, line(1).stays(minutes(10)), undefined, '', prometheusTarget),
      ],
      looks: [quietAt(minutes(5))],
    },
  ],
  RelayRestartsOften: [
    {
      says: 'fires at the third start, and resolves when it stays up',
      series: [
        given(
          startTime,
          line(5).stays(onsetMs).jumps(1_200).jumps(1_215).jumps(1_230).stays(minutes(20)),
        ),
      ],
      looks: [
        quietAt(trueMs + stepMs),
        firesAt(trueMs + 2 * stepMs, fires('3')),
        firesAt(trueMs + minutes(9), fires('3')),
        quietAt(trueMs + minutes(11)),
      ],
    },
    {
      says: 'is quiet when it is deployed again',
      series: [
        given(startTime, line(5).stays(onsetMs).jumps(1_200).jumps(1_215).stays(minutes(20))),
      ],
      looks: [quietAt(trueMs + stepMs), quietAt(trueMs + minutes(5))],
    },
    {
      says: 'is not about Prometheus',
      series: [
        given(startTime, line(5).climbs(1_000, minutes(20)), undefined, '', prometheusTarget),
      ],
      looks: [quietAt(minutes(15))],
    },
  ],
} as const satisfies Readonly<Record<keyof typeof rules, readonly RuleCase[]>>
