/** The reference relay, started from source: whole, or with one mistake put back. */
import { join } from 'node:path'
import { z } from 'zod'
import { defectNames, defectOf, type DefectName } from '../defects/index.ts'
import { known } from '../world/nearest.ts'
import { repoRoot } from '../world/places.ts'
import { targetKind } from './kind.ts'
import { startSpawned } from './spawned.ts'

/** The reference relay, with the name of its mistake if it has one. */
export interface ReferenceTarget {
  readonly defect?: DefectName
}

const relayMain = join(repoRoot, 'relay/main.ts')
const defectMain = join(repoRoot, 'harness/defects/start-defective.ts')

const nameOf = ({ defect }: ReferenceTarget) =>
  defect === undefined ? 'reference relay' : `reference relay with ${defect}`

export const reference = targetKind({
  says: 'the reference relay, correct or with one defect',
  capabilities: {
    isConfigurable: true,
    hasProcess: true,
    takesDefects: true,
    isOurs: true,
    isOfStack: false,
  },
  target: { form: '"reference"', isIt: (text) => text === 'reference' },
  options: {
    defect: { is: 'text', takes: '<name>', says: 'put one defect back, see list defects' },
  },
  parse: ({ defect }): ReferenceTarget =>
    defect === undefined ? {} : { defect: known('defect', defect, defectNames) },
  name: nameOf,
  recorded: { defect: z.string().exactOptional() },
  record: (spec) => ({ ...spec }),
  start: (world, spec, start) =>
    startSpawned(world, { says: nameOf(spec), ...programOf(spec) }, start),
})

function programOf({ defect }: ReferenceTarget) {
  const command = process.execPath
  // A defect of another part, such as the client, is applied where that part runs.
  const isOfRelay = defect !== undefined && defectOf(defect).part === 'relay'
  return isOfRelay ? { command, args: [defectMain, defect] } : { command, args: [relayMain] }
}
