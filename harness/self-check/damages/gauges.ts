/** Lag, commits and ages that are not what they were. */
import type { LagTruth } from '../../history/event.ts'
import { edited, type Damage, type Given } from '../damage.ts'
import { editTruth, editKind, type Events } from '../edit.ts'
import { editMetric, editSignal, freeze } from '../reported.ts'

/** Damages that one checker must see. */
const seenOnlyBy =
  (checker: NonNullable<Damage['seenBy']>[number]) =>
  (
    name: string,
    says: string,
    finds: readonly string[],
    change: (given: Given) => Events | undefined,
  ): Damage => ({ name, says, finds, seenBy: [checker], apply: (given) => edited(change(given)) })

const lag = seenOnlyBy('lag-truth')
const age = seenOnlyBy('ages-match')

const commit = (name: string, says: string, rule: string, by: number): Damage => ({
  name,
  says,
  finds: [rule],
  seenBy: ['commits-next-offset'],
  apply: (given) =>
    edited(
      editTruth(given.events, ([start, end, committed, isOwned]) => {
        const next = Number(committed) + by
        return [start, end, Number(committed) > 0 ? String(next) : committed, isOwned]
      }),
    ),
})

export const gauges: readonly Damage[] = [
  lag(
    'lag is frozen',
    'The lag gauge is frozen.',
    ['gauge-frozen', 'wrong', 'stuck-hidden'],
    (given) => freeze(given.events, 'consumerLag', given.history.phases[1]?.begin ?? 0),
  ),
  lag(
    'lag reads 0',
    'The lag gauge is always 0.',
    ['gauge-frozen', 'wrong', 'stuck-hidden'],
    (given) => editMetric(given.events, 'consumerLag', () => 0),
  ),
  lag('lag is too high', 'The lag gauge is 5,000 records too high.', ['wrong'], (given) =>
    editMetric(given.events, 'consumerLag', (value) => value + 5_000),
  ),
  lag(
    'lag is a little too high',
    'The lag gauge reads 60 where hardly any is.',
    ['wrong'],
    (given) => editMetric(given.events, 'consumerLag', (value) => Math.max(value, 60)),
  ),
  lag('lag is negative', 'The lag gauge is below 0.', ['negative'], (given) =>
    editMetric(given.events, 'consumerLag', () => -1),
  ),
  lag('a lag series is missing', 'A partition that is held has no lag.', ['missing'], (given) => {
    const kept = heldThroughout(given)
    return kept === undefined
      ? undefined
      : editMetric(given.events, 'consumerLag', (value, { partition }) =>
          partition === kept ? null : value,
        )
  }),
  lag(
    'a revoked lag series is kept',
    'A partition that another consumer holds still has a lag.',
    ['revoked-series-stale', 'revoked-series-kept'],
    (given) => keepRevoked(given),
  ),
  lag(
    'a stuck partition reads 0',
    'The lag of a partition that is no longer read is 0.',
    ['stuck-hidden', 'wrong'],
    (given) => {
      const stuck = given.history.phase('stuck')
      if (stuck === undefined) return undefined
      return editMetric(given.events, 'consumerLag', (value, _, t) =>
        t >= stuck.begin ? 0 : value,
      )
    },
  ),
  commit(
    'the last offset is committed',
    'The last offset read is committed, not the next one.',
    'commit-behind',
    -1,
  ),
  commit(
    'one too many is committed',
    'The committed offset is one beyond what was read.',
    'commit-ahead',
    1,
  ),
  age('the age is frozen', 'The age of the last record is frozen.', ['age-wrong'], (given) => {
    const silence = given.history.phase('silence')
    return silence && freeze(given.events, 'lastRecordAge', silence.begin)
  }),
  age(
    'never reads 0',
    'Before the first record its age is 0, as if one had just come.',
    ['never-reads-as-now'],
    (given) => editSignal(given.events, 'lastRecordAge', (value) => Math.max(0, value)),
  ),
  age(
    'no error reads 0',
    'Without any error, its age is 0.',
    ['never-reads-as-now'],
    (given) => {
      const errorless = editSignal(given.events, 'infraErrors', () => 0)
      return editMetric(errorless, 'lastInfraErrorAge', () => 0)
    },
  ),
  age(
    'the age is not exported',
    'The age of the last record is in no scrape.',
    ['age-missing'],
    (given) => editMetric(given.events, 'lastRecordAge', () => null),
  ),
  age(
    'the ages differ',
    '/health tells another age than /metrics.',
    ['age-differs-from-health', 'age-wrong'],
    (given) =>
      editMetric(given.events, 'lastRecordAge', (value) => (value < 0 ? value : value + 4)),
  ),
]

/** A partition that the target held all the time. */
function heldThroughout({ history }: Given): string | undefined {
  const truths = history.events('lagtruth')
  const names = Object.keys(truths[0]?.[4] ?? {})
  return names.find((name) => truths.every((truth: LagTruth) => truth[4][name]?.[3] !== false))
}

/** The series of partitions that left stay as they were when they left. */
function keepRevoked({ history, events }: Given): Events | undefined {
  const hasLeft = history
    .events('lagtruth')
    .some(([, , , , partitions]) => Object.values(partitions).some(([, , , isOwned]) => !isOwned))
  if (!hasLeft) return undefined
  return editKind(events, 'scrape', (scrape) => {
    const [kind, t, took, status, changed] = scrape
    const kept = Object.entries(changed).filter(
      ([key, value]) => value !== null || !key.startsWith('websocket_kafka_consumer_lag'),
    )
    return [[kind, t, took, status, Object.fromEntries(kept)]]
  })
}
