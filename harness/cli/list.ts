/** `chaos list`: what can be run and reproduced. */
import { findings, type FindingId } from '../findings/findings.ts'
import { scenarios } from '../../scenarios/index.ts'
import { defects } from '../defects/index.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { exitCodes } from '../world/exit-codes.ts'

export function list(world: CommandWorld, options: { json?: boolean }): Promise<number> {
  const catalogue = {
    scenarios: Object.values(scenarios).map(({ name, claim, suites }) => ({ name, claim, suites })),
    findings: Object.entries(findings).map(([id, { says, audit, part }]) => ({
      id,
      says,
      audit,
      part,
      defects: defectsOf(id as FindingId),
    })),
  }
  world.out.write(options.json ? `${JSON.stringify(catalogue, undefined, 2)}\n` : say(catalogue))
  return Promise.resolve(exitCodes.pass.code)
}

/** Names of the defects that put a finding back. */
export const defectsOf = (finding: FindingId): string[] =>
  Object.entries(defects)
    .filter(([, defect]) => defect.finding === finding)
    .map(([name]) => name)

const ownClient = "           of this project's client: not applicable to another relay"

function say(catalogue: {
  scenarios: { name: string; claim: string; suites: readonly string[] }[]
  findings: { id: string; says: string; audit: string; part: string; defects: string[] }[]
}): string {
  const scenarioLines = catalogue.scenarios.flatMap(({ name, claim, suites }) => [
    `  ${name}  (${suites.join(', ')})`,
    `      ${claim}`,
  ])
  const findingLines = catalogue.findings.flatMap(({ id, says, audit, part, defects: names }) => [
    `  ${id.padEnd(8)} ${says}  [${audit}]`,
    ...(part === 'client' ? [ownClient] : []),
    ...names.map((name) => `           defect: ${name}`),
  ])
  return ['Scenarios', ...scenarioLines, '', 'Findings', ...findingLines, ''].join('\n')
}
