/**
 * A damage: one way in which a healthy history is made to look like that of a relay, or of a
 * harness, that did something wrong. It names the rules that must find it.
 */
import type { AnomalyKind, Verdict } from '../checkers/checker.ts'
import type { CheckerName } from '../checkers/registry.ts'
import { historyOf, type History } from '../history/history.ts'
import type { RunRecord } from '../judge/record.ts'
import { dice, type Dice } from '../world/dice.ts'
import type { Events } from './edit.ts'
import type { Recording } from './recording.ts'

/** A recording, read. */
export interface Given {
  readonly scenario: string
  readonly record: RunRecord
  readonly events: Events
  readonly history: History
  /** Chance that is the same each time for this recording and damage. */
  readonly dice: Dice
}

/** The history as it is after the damage; the record where that is what was damaged. */
export interface Damaged {
  readonly events: Events
  readonly record?: RunRecord
}

/** The name of a rule or of an anomaly. Any text: rules are named by their checkers. */
export type RuleName = AnomalyKind | (string & {})

export interface Damage {
  readonly name: string
  /** What went wrong, in one sentence. */
  readonly says: string
  /** Any of these rules is a right name for it. */
  readonly finds: readonly RuleName[]
  /** Checkers that may see it; a scenario that asks none of them does not claim it. */
  readonly seenBy?: readonly CheckerName[]
  /** What the run must be called, or may be; default `fail`. */
  readonly verdicts?: readonly Verdict[]
  /** Undefined: this history has nothing of the kind; a text: why it cannot be detected here. */
  apply(given: Given): Damaged | string | undefined
  /** Scenarios in which it cannot be detected, and why. */
  readonly cannot?: Readonly<Record<string, string>>
}

/** Reads a recording once, for all that is to be done to it. */
export function given({ record, events }: Recording): Given {
  const scenario = record.scenario.name
  return { scenario, record, events, history: historyOf(events), dice: dice(scenario) }
}

/** The same with the chance of one damage. */
export const forDamage = (of: Given, name: string): Given => ({ ...of, dice: of.dice.child(name) })

/** Only events were damaged. */
export const edited = (events: Events | undefined): Damaged | undefined =>
  events === undefined ? undefined : { events }
