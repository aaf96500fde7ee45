/** Starts the reference relay with one defect: `node start-defective.ts <name>`. */
import { main } from '../../relay/main.ts'
import { defectNames, defectOf } from './index.ts'

const name = defectNames.find((known) => known === process.argv[2])
const defect = name === undefined ? undefined : defectOf(name)
if (defect?.part !== 'relay') {
  throw new Error(`wanted the name of a relay defect, got "${process.argv[2]}"`)
}
await main((reference) => defect.relay(reference))
