/** Starts the reference relay with one defect: `node start-defective.ts <name>`. */
import process from 'node:process'
import { runRelay } from '../../relay/main.ts'
import type { Overrides } from '../../relay/parts.ts'

async function load(): Promise<Overrides> {
  const { defectNames, defectOf } = await import('./index.ts')
  const name = defectNames.find((known) => known === process.argv[2])
  const defect = name === undefined ? undefined : defectOf(name)
  if (defect?.part !== 'relay') {
    throw new Error(`wanted the name of a relay defect, got "${process.argv[2]}"`)
  }
  return (reference) => defect.relay(reference)
}

process.exit(await runRelay(process.env, load))
