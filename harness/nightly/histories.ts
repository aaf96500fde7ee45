/**
 * What is kept on disk of the runs of a night: of what passed the record only, of what failed the
 * history and the logs too, as long as all of them together stay below a limit.
 */
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { historyFolder, recordFile } from '../judge/record.ts'

/** So much is uploaded and looked at by people: some failures, not a broken night's all. */
export const historiesBytesMax = 512 * 1_048_576

/** Which histories are kept. */
export class Histories {
  #keptBytes = 0
  readonly #bytesMax: number

  constructor(bytesMax: number = historiesBytesMax) {
    this.#bytesMax = bytesMax
  }

  get keptBytes(): number {
    return this.#keptBytes
  }

  /**
   * Trims the folder of a run.
   *
   * @param isWanted whether it failed
   * @returns whether its history is still there
   */
  trim(folder: string, isWanted: boolean): boolean {
    const bytes = isWanted ? bytesIn(folder) : 0
    if (isWanted && this.#keptBytes + bytes <= this.#bytesMax) {
      this.#keptBytes += bytes
      return true
    }
    for (const name of readdirSync(folder)) {
      if (name !== recordFile) rmSync(join(folder, name), { recursive: true, force: true })
    }
    return false
  }

  /** Removes what was run beside a run, to find less that fails alike: its command repeats it. */
  trimBeside(folder: string): void {
    for (const name of readdirSync(folder)) {
      if (!name.startsWith('fewer-')) continue
      rmSync(join(folder, name, historyFolder), { recursive: true, force: true })
    }
  }
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((one) => one.isFile())
    .reduce((sum, one) => sum + statSync(join(one.parentPath, one.name)).size, 0)
}
