/**
 * `chaos self-check`: damages recordings of healthy runs in every known way, and reports what was
 * found. With `--record` it uses the runs of a suite as the recordings.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { historyOf } from '../history/history.ts'
import { judge } from '../judge/judge.ts'
import { recordFile } from '../judge/record.ts'
import { damages } from '../self-check/damages.ts'
import { matrixOf, sayMatrix } from '../self-check/matrix.ts'
import {
  recordingsFolder,
  recordingsIn,
  recordRun,
  writeRecording,
} from '../self-check/recording.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { exitCodes, UsageError } from '../world/exit-codes.ts'

export interface SelfCheckOptions {
  readonly json?: boolean
  readonly record?: string
}

/** @returns 0 only if all recordings are healthy and no damage is missed */
export function selfCheck(
  { out }: CommandWorld,
  given: string | undefined,
  options: SelfCheckOptions,
): Promise<number> {
  const folder = given === undefined ? recordingsFolder : resolve(given)
  if (options.record !== undefined) {
    return Promise.resolve(record(out, folder, resolve(options.record)))
  }
  const recordings = recordingsIn(folder)
  if (recordings.size === 0) {
    throw new UsageError(`recordings end in .ndjson.zst; there is none in ${folder}`)
  }
  const matrix = matrixOf(recordings, damages)
  out.write(options.json ? `${JSON.stringify(matrix)}\n` : `${sayMatrix(matrix).join('\n')}\n`)
  const isWhole = matrix.patients.every(({ illness }) => illness === undefined)
  const isMissed = matrix.cells.some(({ is }) => is === 'missed')
  return Promise.resolve(exitCodes[isWhole && !isMissed ? 'pass' : 'fail'].code)
}

/** Uses every run of a suite that passed; the others are reported and left out. */
function record(out: CommandWorld['out'], folder: string, suite: string): number {
  const runs = existsSync(suite) ? readdirSync(suite).sort() : []
  const found = ['.', ...runs]
    .map((name) => join(suite, name))
    .filter((run) => existsSync(join(run, recordFile)))
  if (found.length === 0) throw new UsageError(`there is no run with ${recordFile} in ${suite}`)
  let left = 0
  for (const run of found) {
    const told = recordOne(folder, run)
    if (told.isLeft) left += 1
    out.write(`${told.says}\n`)
  }
  return exitCodes[left === 0 ? 'pass' : 'fail'].code
}

/** A run that cannot be read was written by another version: that is reported, not an error. */
function recordOne(folder: string, run: string): { isLeft: boolean; says: string } {
  try {
    const recording = recordRun(run)
    const { scenario, verdict } = judge(historyOf(recording.events), recording.record)
    if (verdict !== 'pass') {
      return { isLeft: true, says: `${scenario}: left out, its verdict is ${verdict}` }
    }
    const kilobytes = Math.ceil(writeRecording(folder, recording) / 1_000)
    return { isLeft: false, says: `${scenario}: ${kilobytes} kB` }
  } catch (error) {
    return { isLeft: true, says: `${run}: left out: ${(error as Error).message}` }
  }
}
