/** Deliberate differences from DashFlow's relay in what it reads from Kafka, from which offset. */
import type { DifferenceRow } from './difference-row.ts'

export const readingDifferences: readonly DifferenceRow[] = [
  {
    what: '`latest` applies to a new group only, which commits its first position at once.',
    why: 'After retention, a crash or a new partition it skipped records that were there.',
    noticed: 'New partitions begin at 0; what Kafka deleted is a `gap`, and reading goes on after.',
  },
  {
    what: 'A partition that has no leader stops nothing but itself.',
    why: 'Nothing was read, and no replay began, until all of them had one.',
    noticed: 'An `alert` names the partitions that are not read; the others are.',
  },
  {
    what: 'A missing topic is waited for by name; a topic that is its own DLQ is refused.',
    why: 'The one looked like a broken broker; the other read its own dead letters forever.',
    noticed: '/readyz waits for `kafka_topic <name>`; exit code 1.',
  },
  {
    what: 'Readiness waits until it is known where reading begins.',
    why: 'What was produced to a relay that called itself ready could be too early for `latest`.',
    noticed: '/readyz waits for `kafka_positions`.',
  },
  {
    what: 'Addresses that cannot be used stop the start; IPv6 in brackets can be.',
    why: 'A list with a scheme, semicolons or port 99999 was tried forever.',
    noticed: 'Exit code 1 and the setting; also for a wrong `KAFKA_BROKER_ADDRESS_FAMILY`.',
  },
]
