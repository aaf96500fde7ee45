/** Deliberate differences from DashFlow's relay in what is read from Kafka, and from where on. */
import type { DifferenceRow } from './difference-row.ts'

export const readingDifferences: readonly DifferenceRow[] = [
  {
    what: '`latest` holds for a new group only, which learns at once where it began.',
    why: 'After retention, a crash or a new partition it jumped over records that were there.',
    noticed: 'New partitions begin at 0; what Kafka gave up is a `gap`, and the log goes on there.',
  },
  {
    what: 'A partition that has no leader stops nothing but itself.',
    why: 'Nothing was read, and no replay began, until all of them had one.',
    noticed: 'An `alert` names those that are not read; the others are.',
  },
  {
    what: 'A missing topic is waited for by name; one for its own dead letters is refused.',
    why: 'The one looked like a broken broker; the other read its own letters for ever.',
    noticed: '/readyz waits for `kafka_topic <name>`; exit code 1.',
  },
  {
    what: 'Readiness waits until it is known where reading begins.',
    why: 'What was produced to a relay that called itself ready could be too early for `latest`.',
    noticed: '/readyz waits for `kafka_positions`.',
  },
  {
    what: 'Addresses that cannot be used stop the start; IPv6 in brackets can be.',
    why: 'A list with a scheme, semicolons or port 99999 was tried for ever.',
    noticed: 'Exit code 1 and the setting; also for a wrong `KAFKA_BROKER_ADDRESS_FAMILY`.',
  },
]
