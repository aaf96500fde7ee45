/** Which reference client the fleet runs: the real one, or one with an audited mistake put back. */
import type { Defect } from '../defects/defect.ts'
import type { ClientPartsChange } from './reference-reader.ts'

/**
 * The parts in which the client of `defect` differs from the reference.
 *
 * @throws Error when there is no such defect, or it is none of the client
 */
export async function loadClientParts(
  defect: string | undefined,
): Promise<ClientPartsChange | undefined> {
  if (defect === undefined) return undefined
  if (!/^[\w-]+$/.test(defect)) throw new Error(`"${defect}" cannot be the name of a defect`)
  const url = new URL(`../defects/${defect}.ts`, import.meta.url).href
  const module = (await import(url)) as { default: Defect }
  const found = module.default
  if (found.part !== 'client') {
    throw new Error(`defect "${defect}" is one of the ${found.part}, the fleet runs clients only`)
  }
  return (reference) => found.client(reference)
}
