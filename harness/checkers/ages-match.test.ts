import { kindOf, timeOf, type HistoryEvent } from '../history/event.ts'
import { story, type Story } from '../history/story-testbed.ts'
import { agesMatch } from './ages-match.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

type Age = number | 'NaN' | null
interface Told {
  readonly record?: (t: number) => Age
  readonly error?: (t: number) => Age
  readonly health?: (t: number) => number | null
  readonly from?: number
}

/** Records from 2 to 10 s, ten a second; then silence until 20 s. */
const trueAge = (t: number) => (t <= 2 ? -1 : t <= 10 ? 0.05 : t - 10)

const floored = (t: number) => (t <= 2 ? null : Math.floor(trueAge(t)))

function ages({ record = trueAge, error = () => -1, health, from = 0 }: Told = {}): Story {
  const told = story().phase('traffic', 3, 9).phase('silence', 11, 20)
  for (let i = 0; i < 80; i += 1) told.acked(2 + i / 10 + 0.1, 0, i, 1)
  for (let t = from; t <= 20; t += 0.5) {
    told.scrape(t, {
      websocket_last_kafka_message_age_seconds: record(t),
      websocket_last_infrastructure_error_age_seconds: error(t),
    })
    const age = health === undefined ? floored(t) : health(t)
    told.health(t, { status: 'healthy', metrics: { last_kafka_message_ago_seconds: age } })
  }
  return told
}

function without(told: Story, isOut: (event: HistoryEvent) => boolean): Story {
  return story().add(...told.events.filter((event) => !isOut(event)))
}
const withoutHealth = (told: Story) => without(told, (event) => kindOf(event) === 'health')
/** Without the scrapes between two times, in seconds. */
const unanswered = (told: Story, begin: number, end: number) =>
  without(told, (event) => {
    const t = timeOf(event)
    return kindOf(event) === 'scrape' && t >= begin * 1e6 && t <= end * 1e6
  })

judgeCases('ages-match', agesMatch, { traffic: 'traffic', silence: 'silence' }, [
  ...passes(
    'reported',
    ['never, small, growing', ages()],
    ['an error at its start, whose age grows', ages({ error: (t) => t })
      .scrape(21, { websocket_infrastructure_errors_total: 1 })],
    ['a record came after /health was asked, and before /metrics was',
      ages().phase('soon', 2.2, 9).scrape(2.3, {
        websocket_last_kafka_message_age_seconds: 0.1,
        websocket_last_infrastructure_error_age_seconds: -1,
      }),
      { traffic: 'soon' }],
    ['NaN for never', ages({ record: (t) => (t <= 2 ? 'NaN' : trueAge(t)), error: () => 'NaN' })],
  ),
  ...fails(
    'never-reads-as-now',
    ['0 for never', ages({ record: (t) => Math.max(0, trueAge(t)) })],
    ['0 for no error ever', ages({ error: () => 0 })],
    ['always 0, although it counts', ages({ error: () => 0 })
      .scrape(21, { websocket_infrastructure_errors_total: 3 })],
  ),
  ...fails(
    'age-missing',
    ['not exported', ages({ record: () => null })],
    ['absent for never', ages({ record: (t) => (t <= 2 ? null : trueAge(t)) })],
    ['the error age is not exported', ages({ error: () => null })],
  ),
  ...fails(
    'age-wrong',
    ['constant in silence', ages({ record: (t) => (t <= 2 ? -1 : 0.05) })],
    ['never during traffic', ages({ record: () => -1 })],
    ['growing during traffic', ages({ record: (t) => (t <= 2 ? -1 : t - 2) })],
  ),
  ...fails('age-differs-from-health', [
    'health says another',
    ages({ health: (t) => (t <= 2 ? -1 : 30) }),
  ]),
  ...cannotTell('never-not-seen', ['scraped too late', ages({ from: 3 })]),
  ...fails('age-differs-from-health', [
    'health tells no age although records came',
    ages({ health: () => null }),
  ]),
  ...passes('reported', [
    '/health was not asked',
    withoutHealth(ages()),
  ]),
  ...cannotTell(
    'not-scraped',
    ['/metrics was not answered under load', unanswered(ages(), 2.6, 9.5)],
    ['nor in the silence', unanswered(ages(), 10.1, 21)],
    ['nor ever', unanswered(ages(), 0, 21)],
  ),
  ...cannotTell('too-short', ['hardly any silence', ages(), { silence: 'traffic' }]),
  ...cannotTell('no-records', [
    'no records',
    story().phase('traffic', 3, 9).phase('silence', 11, 20),
  ]),
  ...cannotTell('no-phase', ['no such phases', story()]),
])
