/** The folders of recorded runs, as they are named on the command line. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { historyFolder, recordFile } from '../judge/record.ts'
import { UsageError } from '../world/exit-codes.ts'
import { Trouble } from '../world/trouble.ts'

/**
 * The folder itself if it holds a run, else the runs of a suite in it, in order.
 *
 * @throws UsageError where there is none; Trouble where one has not ended
 */
export function runFoldersIn(folder: string): string[] {
  const candidates = [folder, ...foldersIn(folder)]
  const unfinished = candidates.find(
    (one) => existsSync(join(one, historyFolder)) && !existsSync(join(one, recordFile)),
  )
  if (unfinished !== undefined) throw notEnded(unfinished)
  if (existsSync(join(folder, recordFile))) return [folder]
  const runs = candidates.filter((one) => existsSync(join(one, recordFile)))
  if (runs.length > 0) return runs
  throw new UsageError(
    `a run's folder holds ${recordFile}, a suite's folder holds such folders; ` +
      `there is neither in ${folder}`,
  )
}

/** The one run of a folder. @throws UsageError where there are several */
export function runFolderIn(folder: string): string {
  const [only, ...others] = runFoldersIn(folder)
  if (only !== undefined && others.length === 0) return only
  const all = [only, ...others].map((one) => `  ${one}`).join('\n')
  throw new UsageError(`${folder} holds ${others.length + 1} runs; name one of them:\n${all}`)
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
    .sort()
}

const notEnded = (folder: string): Trouble =>
  new Trouble(
    'record-unreadable',
    `${folder} holds a history and no ${recordFile}: the run goes on, or was killed`,
    'wait until it has ended; a killed run must be run again',
  )
