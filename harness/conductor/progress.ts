/** The progress events of a run, for a terminal or a CI log. */
import type { Verdict } from '../checkers/checker.ts'
import type { FaultStep } from '../history/event.ts'

export type Progress =
  | { readonly at: 'step'; readonly says: string }
  | {
      readonly at: 'scenario'
      readonly name: string
      readonly claim: string
      readonly index: number
      /** Undefined where there are as many as fit. */
      readonly of?: number
      /** Estimate for this scenario and all later ones. */
      readonly leftMs: number
    }
  /** `leftMs`: planned time of this scenario from here on, without settling. */
  | { readonly at: 'phase'; readonly name: string; readonly ms: number; readonly leftMs: number }
  | {
      readonly at: 'counts'
      readonly acked: number
      readonly deliveries: number
      readonly clients: number
    }
  | { readonly at: 'fault'; readonly says: string; readonly step: FaultStep }
  | {
      readonly at: 'verdict'
      readonly scenario: string
      readonly finding: string
      readonly verdict: Verdict
      readonly why: string
      /** Of an `unknown`: what to do to get an answer. */
      readonly fix?: string
    }

export type Report = (progress: Progress) => void
