/** Starts the reference relay with one defect: `node start-defective.ts <name>`. */
import process from 'node:process'
import { runRelay } from '../../relay/main.ts'
import { defectNames, defectOf } from './index.ts'

const name = defectNames.find((known) => known === process.argv[2])
const defect = name === undefined ? undefined : defectOf(name)
if (defect?.part !== 'relay') {
  throw new Error(`wanted the name of a relay defect, got "${process.argv[2]}"`)
}
process.exit(await runRelay(process.env, (reference) => defect.relay(reference)))
