/** Finds the name that was probably meant. */
import { distance } from 'fastest-levenshtein'
import { UsageError } from './exit-codes.ts'

/**
 * The known name that `name` begins, or that is nearest to it, ignoring case; undefined where none
 * is near.
 */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const low = name.toLowerCase()
  const ranked = names
    .map((candidate) => ({
      candidate,
      edits: distance(low, candidate.toLowerCase()),
    }))
    .toSorted((a, b) => a.edits - b.edits)
  const best = ranked[0]
  const begun = names.find((one) => name.length >= 3 && one.toLowerCase().startsWith(low))
  if (best?.edits !== 0 && begun !== undefined) return begun
  const isNear = best !== undefined && best.edits <= Math.max(2, Math.ceil(name.length / 3))
  return isNear ? best.candidate : undefined
}

/** Returns `name` if it is known; else refuses it with the nearest right one. */
export function known<const T extends string>(what: string, name: string, names: readonly T[]): T {
  const found = names.find((candidate) => candidate === name)
  if (found !== undefined) return found
  const meant = nearest(name, names)
  const hint = meant === undefined ? whereAll(what, names) : `did you mean "${meant}"?`
  throw new UsageError(`there is no ${what} "${name}"; ${hint}`)
}

/** Where all names of a kind stand that are too many for a message. */
const lists: Readonly<Record<string, string>> = {
  scenario: 'npm run chaos -- list scenarios',
  finding: 'npm run chaos -- list findings',
  defect: 'npm run chaos -- list defects',
  'malformed kind': 'npm run chaos -- list kinds',
  setting: 'relay/CONFIG.md',
}

const whereAll = (what: string, names: readonly string[]): string => {
  const list = lists[what]
  return list === undefined ? `known are: ${names.join(', ')}` : `for all see ${list}`
}
