/**
 * A defect is a finding put back on purpose: one small file that replaces one part of the relay,
 * the client or the producer by the audited mistake. It is how a scenario proves that it can fail.
 */
import type { RelayParts } from '../../relay/parts.ts'
import type { ClientParts } from '../../relay/client/parts.ts'
import type { FindingId } from '../findings/findings.ts'

interface DefectFacts {
  readonly finding: FindingId
  /** One sentence: what this build does wrong. */
  readonly says: string
  /** The scenario that must catch it, and the rule of the judgement that must say so. */
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

export type Defect = RelayDefect | ClientDefect
