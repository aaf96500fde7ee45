/** Names for runs that lie over each other: as short as they can be, and each its own. */
import { basename, dirname } from 'node:path'
import { runNameOf } from './export-run.ts'

/**
 * The run's own folder where that tells them apart, else its suite's, else both.
 *
 * @param folders of runs, each once
 */
export function runNamesOf(folders: readonly string[]): string[] {
  const ways = [basename, (folder: string) => basename(dirname(folder)), runNameOf]
  for (const way of ways) {
    const names = folders.map((folder) => way(folder))
    if (new Set(names).size === folders.length) return names
  }
  return [...folders]
}
