/** `chaos export`: a recorded run in the format of another program. */
import { resolve } from 'node:path'
import { runsBegin } from '../../dashboards/metrics/tables.ts'
import { exportRun, exportToFile, runNameOf } from '../export/export-run.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { exitCodes, UsageError } from '../world/exit-codes.ts'
import { runFolderIn } from './run-folders.ts'
import { megabytes, startTimeOf } from './start-time.ts'

export interface ExportOptions {
  readonly openmetrics?: boolean
  readonly out?: string
  readonly startTime?: string
}

export function exportAs(
  given: CommandWorld,
  folder: string,
  { openmetrics, out, startTime = runsBegin }: ExportOptions,
): Promise<number> {
  if (openmetrics !== true) throw new UsageError('name the format: --openmetrics')
  const startUnixMs = startTimeOf(startTime)
  const run = runFolderIn(resolve(folder))
  const as = { run: runNameOf(run), startUnixMs }
  if (out === undefined) {
    exportRun(run, as, (piece) => given.out.write(piece))
    return Promise.resolve(exitCodes.pass.code)
  }
  const { samples, series, bytes, doubts } = exportToFile(run, as, resolve(out))
  given.out.write(
    `${out}: ${samples} samples of ${series} series, ${megabytes(bytes)}, as run "${as.run}"\n`,
  )
  for (const doubt of doubts) given.out.write(`  doubt: ${doubt}\n`)
  return Promise.resolve(exitCodes.pass.code)
}
