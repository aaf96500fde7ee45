/** Finds the name that somebody probably meant. */
import { UsageError } from '../world/exit-codes.ts'

/** Edits (insert, remove, change, swap neighbours) from `a` to `b`; small strings only. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1]
      const change = at(rows, i - 1, j - 1) + (isSame ? 0 : 1)
      let best = Math.min(at(rows, i - 1, j) + 1, (row[j - 1] ?? 0) + 1, change)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, at(rows, i - 2, j - 2) + 1)
      }
      row.push(best)
    }
    rows.push(row)
  }
  return at(rows, a.length, b.length)
}

const at = (rows: readonly (readonly number[])[], i: number, j: number) => rows[i]?.[j] ?? 0

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
  const hint =
    meant === undefined ? `known are: ${names.join(', ')}` : `did you mean "${meant}"?`
  throw new UsageError(`there is no ${what} "${name}"; ${hint}`)
}
