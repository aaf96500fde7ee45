/**
 * Scenarios with some of the malformed kinds only: as the user chose, or because one kind ended
 * the relay's consumer, and what the others do can only be seen with a fresh relay and topic.
 */
import type { Expectation } from '../checkers/registry.ts'
import type { Expected, PhaseSpec, Scenario } from '../dsl/scenario.ts'
import type { Stimulus } from '../stimuli/registry.ts'
import type { RunVerdict } from '../judge/judge.ts'
import type { RunRecord } from '../judge/record.ts'
import {
  allMalformedKinds,
  everyMalformedKind,
  kindsOf,
  type MalformedKind,
} from '../records/malformed.ts'
import { capabilitiesOf } from '../targets/registry.ts'
import type { SuiteItem } from './suite-order.ts'

/** The same scenario with these malformed kinds only, in what is sent and in what is expected. */
export function withKinds(scenario: Scenario, kinds: readonly MalformedKind[]): Scenario {
  return {
    ...scenario,
    phases: (timing) =>
      scenario.phases(timing).map((phase): PhaseSpec => ({
        ...phase,
        prelude: narrowed(phase.prelude, kinds),
        stimuli: narrowed(phase.stimuli, kinds),
      })),
    expect: (timing) => {
      const findings = Object.entries(scenario.expect(timing)).map(
        ([finding, all]) => [finding, all.flatMap((one) => expecting(one, kinds))] as const,
      )
      return Object.fromEntries(findings.filter(([, all]) => all.length > 0)) as Expected
    },
  }
}

function narrowed(
  stimuli: readonly Stimulus[] = [],
  wanted: readonly MalformedKind[],
): readonly Stimulus[] {
  return stimuli.flatMap((stimulus): Stimulus[] => {
    if (stimulus.stimulus !== 'malformed') return [stimulus]
    const kinds = kindsOf(stimulus.kinds).filter((kind) => wanted.includes(kind))
    return kinds.length === 0 ? [] : [{ ...stimulus, kinds }]
  })
}

function expecting(one: Expectation, wanted: readonly MalformedKind[]): Expectation[] {
  if (one.check === 'exercised') {
    const { malformedMin: _, ...rest } = one
    return [rest]
  }
  if (one.check !== 'malformed-accounted') return [one]
  const { kinds, exceptKinds = [] } = one
  const judged = (kinds ?? allMalformedKinds).filter((kind) => !exceptKinds.includes(kind))
  const left = judged.filter((kind) => wanted.some((other) => other === kind))
  if (left.length === 0) return []
  if (kinds !== undefined) return [{ ...one, kinds: left }]
  return [{ ...one, exceptKinds: allMalformedKinds.filter((kind) => !left.includes(kind)) }]
}

/** An item that ran, as far as it matters here. */
interface Judged {
  readonly item: SuiteItem
  readonly record: RunRecord
  readonly verdict: RunVerdict
}

/**
 * What is left to run after a relay stopped at a malformed record: all other kinds, on a fresh
 * relay and topic; and each kind under suspicion alone, where it does it again or does not.
 */
export function partsLeft({ item, record, verdict }: Judged): SuiteItem[] {
  // A fresh relay and topic are to be had only of one that takes them from us.
  if (!capabilitiesOf(item.target).isConfigurable) return []
  const stopped = stoppedAt(verdict)
  if (stopped.length === 0) return []
  const sent = kindsSent(record)
  const rest = sent.filter((kind) => !stopped.includes(kind))
  const alone = sent.length > 1 ? stopped.map((kind) => [kind]) : []
  return [rest, ...alone].filter((kinds) => kinds.length > 0).map((kinds) => part(item, kinds))
}

function stoppedAt({ expectations }: RunVerdict): MalformedKind[] {
  const told = expectations.map(({ judgement }) => judgement.evidence['stoppedAt'])
  const names = new Set<string>(
    told.flatMap((one) => (typeof one === 'string' ? one.split(', ') : [])),
  )
  return everyMalformedKind.filter((kind) => names.has(kind))
}

function kindsSent({ phases }: RunRecord): MalformedKind[] {
  const named = phases
    .flatMap(({ stimuli }) => stimuli)
    .filter(({ stimulus }) => stimulus === 'malformed')
    .flatMap(({ kinds }) => (kinds === 'all' ? [...allMalformedKinds] : (kinds as string[])))
  return everyMalformedKind.filter((kind) => named.some((other) => other === kind))
}

function part({ scenario, target, reproduce }: SuiteItem, kinds: MalformedKind[]): SuiteItem {
  const missing = allMalformedKinds.filter((kind) => !kinds.includes(kind))
  const isAlone = kinds.length === 1
  const which = isAlone ? `with-${kinds[0]}` : `without-${missing.join('+')}`
  const says = isAlone ? `only ${kinds[0]}` : `all malformed kinds but ${missing.join(', ')}`
  const flag = isAlone ? kinds.join() : ['all', ...missing.map((kind) => `-${kind}`)].join()
  return {
    scenario: {
      ...withKinds(scenario, kinds),
      name: `${scenario.name.replace(/\+.*/, '')}+${which}`,
      claim: `${scenario.claim.replace(/ \([^)]*\)$/, '')} (${says})`,
    },
    target,
    reproduce: `${reproduce.replace(/ --kinds \S+/, '')} --kinds ${flag}`,
  }
}
