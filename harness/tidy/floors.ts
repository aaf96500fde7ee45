/**
 * The floors of each house: a file imports from its own folder and from lower floors, never from
 * its own floor or from above. Types and dynamic imports count, and tests and test rigs are held
 * like everything else. So no two folders can need one another.
 */

/** Folders by floor, the highest first. `.` are the files of the house itself: its trunk. */
export const floors: Readonly<Record<string, readonly (readonly string[])[]>> = {
  harness: [
    // The only folder that knows the scenarios.
    ['cli'],
    ['demo', 'export'],
    ['docs', 'report', 'capacity', 'trials', 'schedules', 'nightly'],
    ['fuzz', 'self-check'],
    ['conductor'],
    ['dsl'],
    ['faults', 'stimuli', 'judge'],
    ['monitoring'],
    ['targets', 'producer', 'samplers'],
    ['fleet'],
    ['checkers'],
    ['stack'],
    ['records', 'wire', 'defects', 'toolchain'],
    ['history', 'findings'],
    ['world'],
  ],
  dashboards: [['alerts'], ['.'], ['panels'], ['kit'], ['metrics']],
  relay: [
    ['.'],
    ['schemas'],
    ['clients'],
    ['replay'],
    ['stages'],
    ['kafka'],
    ['dead-letters'],
    ['health'],
    ['lag'],
    ['adapters'],
    ['limits', 'log'],
    ['metrics'],
    ['client', 'tables'],
    ['world'],
  ],
}
/** Looks at everything and is needed by nothing. */
const standsApart = new Set(['harness/tidy'])

/** What is wrong with an import from `path` of `target`, both from the root of the repository. */
export function floorBreach(path: string, target: string): string | undefined {
  const [house, from] = placeOf(path)
  const [houseOfTarget, to] = placeOf(target)
  const table = floors[house]
  if (table === undefined || house !== houseOfTarget || from === to) return undefined
  if (standsApart.has(`${house}/${from}`)) return undefined
  const floorOf = (folder: string) => table.findIndex((names) => names.includes(folder))
  const [above, below] = [floorOf(from), floorOf(to)]
  const homeless = above < 0 ? from : to
  if (above < 0 || below < 0) {
    return `${house}/${homeless} stands on no floor; give it one in harness/tidy/floors.ts`
  }
  if (below > above) return undefined
  return `${house}/${from} must not import ${house}/${to}, which does not stand on a lower floor`
}

/** The house of a file and its folder in it. */
function placeOf(path: string): [house: string, folder: string] {
  const [house = '', ...rest] = path.split('/')
  return [house, rest.length > 1 ? (rest[0] ?? '') : '.']
}

/**
 * Circles of files that import one another; each is named once, by its files.
 *
 * @param imports by file the files that it imports
 */
export function fileCycles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = []
  const walked = new Map<string, { readonly index: number; low: number }>()
  const open: string[] = []
  const isOpen = new Set<string>()
  const walk = (file: string): number => {
    const seen = { index: walked.size, low: walked.size }
    walked.set(file, seen)
    open.push(file)
    isOpen.add(file)
    for (const next of imports.get(file) ?? []) {
      if (!walked.has(next)) seen.low = Math.min(seen.low, walk(next))
      else if (isOpen.has(next)) seen.low = Math.min(seen.low, walked.get(next)?.index ?? 0)
    }
    if (seen.low === seen.index) {
      const circle = open.splice(open.lastIndexOf(file))
      for (const member of circle) isOpen.delete(member)
      if (circle.length > 1) cycles.push(circle.toSorted())
    }
    return seen.low
  }
  for (const file of imports.keys()) if (!walked.has(file)) walk(file)
  return cycles
}
