/**
 * The shape of an alert rule's row: what must hold and for how long, what that means, what to do,
 * and how it differs from DashFlow's rule. The rule files, their unit tests and ALERTS.md are
 * printed from such rows.
 */
import type { RelayPanelKey } from '../relay.ts'
import type { Form } from './form.ts'

/** Wakes somebody; can wait until the morning; is about the alerting itself. */
export type Tier = 'page' | 'ticket' | 'meta'
/** DashFlow's words, the worst first; `none` is for what is no trouble. */
export const severities = ['critical', 'high', 'medium', 'warning', 'none'] as const
export type Severity = (typeof severities)[number]

/** Where a rule comes from, and why it is not what DashFlow has. */
export type Origin =
  | { readonly from: 'dashflow' }
  | { readonly from: 'changed'; readonly why: string }
  | { readonly from: 'ours'; readonly why: string }

export const asDashFlow: Origin = { from: 'dashflow' }
export const changed = (why: string): Origin => ({ from: 'changed', why })
export const ours = (why: string): Origin => ({ from: 'ours', why })

export interface Rule {
  readonly tier: Tier
  readonly severity: Severity
  /** Alerts of one family have one cause: the worst of them on an instance mutes the others. */
  readonly family: string
  /** The PromQL; times in it come from the form. */
  readonly expr: (form: Form) => string
  /** How long the expression must hold. */
  readonly forMs: number
  /** One line: what is wrong, and where. */
  readonly summary: string
  /** What it means, with the value. */
  readonly means: string
  /** What to do, in order. */
  readonly steps: readonly [string, ...string[]]
  /** The panel of the relay's dashboard that shows it; absent where none of ours can. */
  readonly panel?: RelayPanelKey
  readonly origin: Origin
}

/** Rules by name, in the order in which they are evaluated: a tier before the tiers below it. */
export type RuleGroup = Readonly<Record<string, Rule>>

const second = 1_000
const minute = 60 * second
export const seconds = (count: number): number => count * second
export const minutes = (count: number): number => count * minute
