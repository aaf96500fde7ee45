/**
 * Programs of the host: where they are, and what they answer. Looking never installs anything, and
 * never waits long. Runs before the packages are there, so it imports none.
 */
import { execFile } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { environment } from '../world/environment.ts'

/** A cold JVM on a busy machine takes seconds to say its version. */
const askLimitMs = 20_000

/** What a program answered. `text` is standard output and error together. */
export interface Answer {
  readonly isRunnable: boolean
  readonly text: string
}

/** Full path of a program on PATH; undefined where there is none. */
export function onPath(name: string): string | undefined {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/**
 * Runs a program that answers soon and ends, with the variables given besides our own. One that
 * does not end in time is killed, and its answer says so.
 */
export function ask(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  limitMs = askLimitMs,
): Promise<Answer> {
  const options = {
    timeout: limitMs,
    killSignal: 'SIGKILL' as const,
    env: { ...environment, ...env },
    maxBuffer: 1_024 * 1_024,
  }
  return new Promise((resolve) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      const late = error?.killed === true ? `\n${command} did not end within ${limitMs} ms` : ''
      resolve({ isRunnable: error === null, text: `${stdout}\n${stderr}${late}` })
    })
  })
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
