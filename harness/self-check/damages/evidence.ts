/** Evidence that the harness lacks: nothing may pass then, and where all is in doubt, none fail. */
import type { HistoryEvent } from '../../history/event.ts'
import type { RunRecord } from '../../judge/record.ts'
import type { Damage, Given } from '../damage.ts'
import { editKind, withoutKind, type Events } from '../edit.ts'
import { settledAt } from '../places.ts'

const damage = (
  name: string,
  says: string,
  finds: readonly string[],
  change: (given: Given) => Events | undefined,
  more: Partial<Damage> = {},
): Damage => ({
  name,
  says,
  finds,
  verdicts: ['unknown'],
  ...more,
  apply(given) {
    const events = change(given)
    return events === undefined ? undefined : { events }
  },
})

const recorded = (
  name: string,
  says: string,
  finds: readonly string[],
  change: (record: RunRecord) => Partial<RunRecord>,
): Damage => ({
  name,
  says,
  finds,
  verdicts: ['unknown'],
  apply: ({ events, record }) => ({ events, record: { ...record, ...change(record) } }),
})

/** Four times in the run a process of the harness says how well it could watch. */
const strained = (
  given: Given,
  role: string,
  loopDelayMs: number,
  missed: number,
  backlogBytes: number,
): Events => [
  ...given.events,
  ...[1, 2, 3, 4].map((n): HistoryEvent => {
    const at = (settledAt(given) * n) / 5
    return ['strain', at, role, loopDelayMs, missed, backlogBytes]
  }),
]

/** Faults whose effect is measured. */
const faultEvents = (given: Given, step: string) =>
  given.history.events('fault').filter((event) => event.step === step)

export const evidence: readonly Damage[] = [
  damage(
    'a fault has no effect',
    'A fault is injected and has no effect.',
    ['ineffective-fault'],
    (given) =>
      faultEvents(given, 'active').length === 0
        ? undefined
        : editKind(given.events, 'fault', (event) => [
            event.step === 'active' ? { ...event, step: 'ineffective' } : event,
          ]),
  ),
  damage('a fault is never healed', 'A fault is never undone.', ['not-healed'], (given) =>
    faultEvents(given, 'heal').length === 0
      ? undefined
      : withoutKind(given.events, 'fault', ({ step }) => step === 'heal'),
  ),
  damage(
    'a fault never happens',
    'A fault that was planned is not injected.',
    ['no-danger'],
    (given) => (given.history.faults.length === 0 ? undefined : withoutKind(given.events, 'fault')),
    // Without their cause, the gaps and ends that the fault made are the relay's doing.
    { verdicts: ['unknown', 'fail'] },
  ),
  recorded(
    'the load is not reached',
    'Far less is sent than planned.',
    ['load-not-reached'],
    ({ phases }) => ({
      phases: phases.map((phase) => {
        const { recordsPerSecond, ...rest } = phase.load
        return { ...phase, load: { ...rest, recordsPerSecond: recordsPerSecond * 3 + 100 } }
      }),
    }),
  ),
  damage(
    'the producer drops',
    'The producer itself drops a tenth of its records.',
    ['producer-limited'],
    (given) => [
      ...given.events,
      {
        kind: 'dropped',
        t: settledAt(given) / 2,
        count: Math.ceil(given.history.stream().acked / 10),
        why: 'queue full',
      },
    ],
  ),
  damage(
    'a process is in trouble',
    'A process of the harness failed.',
    ['trouble'],
    (given) => [
      ...given.events,
      {
        kind: 'trouble',
        t: settledAt(given) / 2,
        where: 'producer',
        what: 'could not write to Kafka any more',
      },
    ],
  ),
  damage(
    'a line is unreadable',
    'A line of the history is not an event.',
    ['history-damaged'],
    (given) => [...given.events, ['nonsense', 1] as never],
  ),
  damage('the run never got steady', 'The steady state is not reached.', ['not-steady'], (given) =>
    withoutKind(given.events, 'phase', ({ name }) => name === 'steady'),
  ),
  damage(
    'nothing is delivered',
    'No client received a single record.',
    ['no-deliveries', 'no-data'],
    (given) => withoutKind(given.events, 'delivered'),
    { verdicts: ['unknown', 'fail'] },
  ),
  recorded('the run was cut short', 'The run ended early.', ['cut-short'], () => ({
    cutShort: 'interrupted',
  })),
  recorded(
    'the run is incomplete',
    'The run did not finish all its phases.',
    ['incomplete'],
    () => ({
      isComplete: false,
    }),
  ),
  recorded(
    'nothing is expected',
    'The record of the run has no expectations.',
    ['nothing-expected', 'no-expectations'],
    () => ({
      expectations: [],
    }),
  ),
  damage(
    'the fleet stood still',
    'The event loop of the fleet was blocked for 3 s, more than once.',
    ['strained'],
    (given) => strained(given, 'fleet', 3_000, 0, 0),
  ),
  damage(
    'the fleet could not keep up',
    'Bytes received by the fleet were left unread.',
    ['strained'],
    (given) => strained(given, 'fleet', 0, 0, 200 * 1_048_576),
  ),
  damage(
    'samples are left out',
    'Half of the polls of /health were skipped because they were late.',
    ['strained'],
    (given) => {
      const asked = given.history.events('health').length
      return asked < 10 ? undefined : strained(given, 'health', 0, asked, 0)
    },
  ),
  damage(
    'a server of the harness dies',
    "Redis, which is the harness's own, ended in the middle of the run.",
    ['server-died'],
    (given) => [
      ...given.events,
      {
        kind: 'trouble',
        t: settledAt(given) / 2,
        where: 'server-died',
        what: 'Redis ended (SIGKILL).',
      },
    ],
  ),
  damage(
    'the broker is not asked',
    "The harness's own count of lag is missing.",
    ['no-truth', 'not-asked', 'not-compared'],
    (given) => withoutKind(given.events, 'lagtruth'),
    { seenBy: ['lag-truth', 'commits-next-offset'] },
  ),
  damage(
    'the target is not scraped',
    'GET /metrics was never answered.',
    ['not-scraped', 'not-compared', 'not-counted', 'stall-not-proven'],
    (given) => withoutKind(given.events, 'scrape'),
    {
      seenBy: ['lag-truth', 'counter-rises', 'ages-match'],
      cannot: { 'sends-have-deadlines': '/health tells the same counters' },
    },
  ),
  damage(
    'health is not asked',
    'GET /health was never answered.',
    ['no-health', 'too-short', 'not-asked'],
    (given) => withoutKind(given.events, 'health'),
    { seenBy: ['alert-clears', 'health-recovers', 'idle-is-healthy'] },
  ),
  damage(
    'memory is not measured',
    'The memory of the relay is not sampled.',
    ['no-memory-samples'],
    (given) => withoutKind(given.events, 'memory'),
    { seenBy: ['memory-bounded'] },
  ),
  damage(
    '/version is not answered',
    '/version gives no answer.',
    ['no-version'],
    (given) => withoutKind(given.events, 'page'),
    { seenBy: ['version-reports-setting'] },
  ),
]
