/**
 * A defect is a finding put back on purpose: one small file that replaces one part of the relay or
 * of the client by the audited mistake. It proves that a scenario can fail.
 */
import type { AlertName } from '../../dashboards/alerts/table.ts'
import type { Rule } from '../../dashboards/alerts/rule.ts'
import type { RelayParts } from '../../relay/parts.ts'
import type { ClientParts } from '../../relay/client/parts.ts'
import type { FindingId } from '../findings/findings.ts'

interface DefectFacts {
  readonly finding: FindingId
  /** One sentence: what this build does wrong. */
  readonly says: string
  /** The scenario that must detect it, and the rules one of which its verdict must name. */
  readonly scenario: string
  readonly rules: readonly string[]
}

/** A relay that differs from the reference in the parts returned. */
export interface RelayDefect extends DefectFacts {
  readonly part: 'relay'
  relay(reference: RelayParts): Partial<RelayParts>
}

/** A reference client that differs in the parts returned. */
export interface ClientDefect extends DefectFacts {
  readonly part: 'client'
  client(reference: ClientParts): Partial<ClientParts>
}

/** Alert rules that differ from ours in those returned; `undefined` takes one away. */
export interface RulesDefect extends DefectFacts {
  readonly part: 'rules'
  readonly alerts: Readonly<Partial<Record<AlertName, Partial<Rule> | undefined>>>
}

export type Defect = RelayDefect | ClientDefect | RulesDefect
