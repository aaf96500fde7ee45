/**
 * Alertmanager's configuration: who is told of what, how soon, and what mutes what. The printed
 * file holds no address and no secret: both come from files that the user puts beside it.
 */
import { stringify } from 'yaml'
import { durationText, production, type Form } from './form.ts'
import { minutes, seconds, severities } from './rule.ts'

/** Where notifications go: an address, or a file that holds one (Alertmanager 0.26 and later). */
export type Receiver = { readonly url: string } | { readonly urlFile: string }
export interface Receivers {
  readonly page: Receiver
  readonly ticket: Receiver
  /** Gets the Watchdog all the time; it should complain when that stops. */
  readonly heartbeat: Receiver
}

/** How long Alertmanager waits, in milliseconds. */
export interface Waits {
  /** A group is first sent so long after its first alert: what mutes it must have come by then. */
  readonly pageGroupMs: number
  readonly ticketGroupMs: number
  /** News of a group, resolved alerts too, are sent so often. */
  readonly pageIntervalMs: number
  readonly ticketIntervalMs: number
  readonly pageRepeatMs: number
  readonly ticketRepeatMs: number
}

/** Tiers fire in one evaluation or in two that follow: a group that waits less defeats muting. */
const evaluationsMin = 2

export const productionWaits: Waits = {
  pageGroupMs: evaluationsMin * production.evaluationMs,
  // A ticket can wait until it is known whether there is a page for the same trouble.
  ticketGroupMs: 2 * evaluationsMin * production.evaluationMs,
  pageIntervalMs: minutes(1),
  ticketIntervalMs: minutes(5),
  pageRepeatMs: minutes(60),
  ticketRepeatMs: minutes(24 * 60),
}

/** For scenarios: as soon as muting allows. */
export const shortWaits = ({ evaluationMs }: Form): Waits => ({
  pageGroupMs: evaluationsMin * evaluationMs,
  ticketGroupMs: 2 * evaluationsMin * evaluationMs,
  pageIntervalMs: evaluationsMin * evaluationMs,
  ticketIntervalMs: evaluationsMin * evaluationMs,
  pageRepeatMs: minutes(60),
  ticketRepeatMs: minutes(60),
})

const secrets = '/etc/alertmanager/receivers'
/** One line in each file: the address of a webhook, with its token if it has one. */
export const productionReceivers: Receivers = {
  page: { urlFile: `${secrets}/page` },
  ticket: { urlFile: `${secrets}/ticket` },
  heartbeat: { urlFile: `${secrets}/heartbeat` },
}

/** Everything to one address, which learns from the path who was meant. */
export const receiversAt = (url: string): Receivers => ({
  page: { url: `${url}/page` },
  ticket: { url: `${url}/ticket` },
  heartbeat: { url: `${url}/heartbeat` },
})

const webhook = (name: string, to: Receiver) => ({
  name,
  webhook_configs: [
    { ...('url' in to ? { url: to.url } : { url_file: to.urlFile }), send_resolved: true },
  ],
})

/** One cause is one notification: of one family, on one relay. */
const groupBy = ['family', 'instance']

const route = (waits: Waits) => ({
  receiver: 'ticket',
  group_by: groupBy,
  group_wait: durationText(waits.ticketGroupMs),
  group_interval: durationText(waits.ticketIntervalMs),
  repeat_interval: durationText(waits.ticketRepeatMs),
  routes: [
    {
      receiver: 'heartbeat',
      matchers: ['alertname="Watchdog"'],
      group_wait: '0s',
      group_interval: durationText(waits.pageIntervalMs),
      repeat_interval: durationText(Math.max(waits.pageIntervalMs, minHeartbeatMs)),
    },
    {
      receiver: 'page',
      matchers: ['tier=~"page|meta"', 'severity="critical"'],
      group_wait: durationText(waits.pageGroupMs),
      group_interval: durationText(waits.pageIntervalMs),
      repeat_interval: durationText(waits.pageRepeatMs),
    },
  ],
})
const minHeartbeatMs = seconds(60)

const anyOf = (words: readonly string[]) => words.join('|')

/** A severity mutes those below it in its family, on its relay. */
const tiers = severities.slice(0, -2).map((severity, at) => ({
  source_matchers: [`severity="${severity}"`, 'family=~".+"'],
  target_matchers: [`severity=~"${anyOf(severities.slice(at + 1, -1))}"`],
  equal: ['family', 'instance'],
}))

/** Families whose alerts follow from a stream that does not flow. */
const symptoms = ['stream', 'lag', 'latency', 'kafka'] as const

const inhibitions = [
  {
    source_matchers: ['alertname="ServiceDown"'],
    target_matchers: ['alertname!="ServiceDown"', 'component="websocket-server"'],
    equal: ['instance'],
  },
  {
    source_matchers: ['alertname="ServiceAbsent"'],
    target_matchers: ['alertname!="ServiceAbsent"', 'component="websocket-server"'],
    equal: ['component'],
  },
  // Without Kafka nothing comes, and nothing is known of the lag: one page, not five.
  {
    source_matchers: ['alertname="KafkaInfraErrorsCritical"'],
    target_matchers: [`family=~"${anyOf(symptoms)}"`, 'alertname!="KafkaInfraErrorsCritical"'],
    equal: ['instance'],
  },
  // What is not read is behind and late.
  {
    source_matchers: ['alertname=~"StreamStalled|StreamNeverReceived|KafkaPartitionStaleCritical"'],
    target_matchers: ['family=~"lag|latency"'],
    equal: ['instance'],
  },
  ...tiers,
]

/** The file as Alertmanager reads it. */
export function printAlertmanager(
  receivers: Receivers = productionReceivers,
  waits: Waits = productionWaits,
): string {
  const says =
    '# Alertmanager for the rules of dashboards/prometheus/alert-rules.yml.\n' +
    `# Put the addresses of your webhooks into the files of ${secrets}, one line each.\n` +
    '# Printed from dashboards/alerts: npm run chaos -- docs\n'
  const file = {
    global: { resolve_timeout: '5m' },
    route: route(waits),
    inhibit_rules: inhibitions,
    receivers: (['page', 'ticket', 'heartbeat'] as const).map((name) =>
      webhook(name, receivers[name]),
    ),
  }
  return says + stringify(file, { lineWidth: 0, aliasDuplicateObjects: false })
}
