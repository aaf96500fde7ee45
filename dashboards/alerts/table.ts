/**
 * All alert rules by group, and DashFlow's rules that have no counterpart, each with the reason.
 */
import { availability } from './rules/availability.ts'
import { clients } from './rules/clients.ts'
import { kafka } from './rules/kafka.ts'
import { lag } from './rules/lag.ts'
import { monitoring } from './rules/monitoring.ts'
import { records } from './rules/records.ts'
import { replay } from './rules/replay.ts'
import { resources } from './rules/resources.ts'
import type { Rule } from './rule.ts'

export const ruleGroups = {
  availability,
  kafka,
  lag,
  records,
  clients,
  replay,
  resources,
  monitoring,
} as const

export type RuleGroups = Readonly<Record<string, Readonly<Record<string, Rule>>>>
export type GroupName = keyof typeof ruleGroups
type NamesOf<G> = G extends Readonly<Record<string, unknown>> ? Extract<keyof G, string> : never
export type AlertName = { [G in GroupName]: NamesOf<(typeof ruleGroups)[G]> }[GroupName]

/** Every rule by its name. */
export const rules: Readonly<Record<AlertName, Rule>> = {
  ...availability,
  ...kafka,
  ...lag,
  ...records,
  ...clients,
  ...replay,
  ...resources,
  ...monitoring,
}

/** Rules and groups of DashFlow that are not taken over. */
export interface DroppedRule {
  readonly alert: string
  readonly why: string
}

const libraryQueue =
  'The dead-letter queue of its streaming library: no scraped process exports it. The ' +
  '`WebSocketDlq*` rules watch the one that exists.'
const tenantLimiter =
  'The tenant limiter of its producer library: no scraped process exports it, in either system.'

export const droppedRules: readonly DroppedRule[] = [
  { alert: 'HighDLQRate', why: libraryQueue },
  { alert: 'DLQItselfBroken', why: libraryQueue },
  { alert: 'DashStreamDlqBackpressureDrops', why: libraryQueue },
  { alert: 'DashStreamDlqSendFailures', why: libraryQueue },
  { alert: 'RateLimiterRedisErrors', why: tenantLimiter },
  { alert: 'RateLimiterRedisHighLatency', why: tenantLimiter },
  { alert: 'TenantRateLimitExceeded', why: tenantLimiter },
  {
    alert: 'Registry* (19 rules)',
    why: 'Another product, whose job is not scraped by this stack.',
  },
]
