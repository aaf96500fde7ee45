/**
 * The container engine, by its command line: that knows where the engine is, whatever the user has
 * set up. Every call has a deadline; what it starts carries our mark, so that a call that outlives
 * a killed run is found.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { onPath } from '../toolchain/program.ts'
import { isAtLeast } from '../toolchain/version.ts'
import { UsageError } from '../world/exit-codes.ts'
import { environment, ownVariables } from '../world/environment.ts'
import { repoRoot } from '../world/places.ts'
import { ownerVariable } from '../world/processes.ts'
import { Trouble } from '../world/trouble.ts'

/** The file of the stack. */
export const composeFile = join(repoRoot, 'docker-compose.chaos.yml')

export interface Engine {
  /** Path of the `docker` program, and what it needs to find its engine. */
  readonly docker: string
  readonly variables: Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, string>>
  /**
   * Standard output of `docker` with these arguments.
   *
   * @param what it does, to end the sentence "Docker was asked to …"
   * @throws Trouble `engine-failed`
   */
  ask(what: string, args: readonly string[], options?: AskOptions): Promise<string>
}

export interface AskOptions {
  readonly limitMs?: number
  readonly variables?: Readonly<Record<string, string>>
}

const callLimitMs = 15_000
const outputBytesMax = 16 * 1_024 * 1_024
/** `up --wait` that ends at once when a service fails, and `down` by the name of a project. */
const composeLeast = '2.20.0'
const instead = 'or leave out --stack compose'

/**
 * Finds the engine and its compose plugin.
 *
 * @param mark of the world for which it is asked; undefined where none is open
 * @throws UsageError that says what is missing, and what to do
 */
export async function findEngine(mark?: string): Promise<Engine> {
  const docker = onPath('docker')
  if (docker === undefined) {
    throw lacking('there is no docker on PATH', 'install Docker and its compose plugin')
  }
  const call = caller(docker, mark)
  const version = ['version', '--format', '{{.Server.Version}}']
  const engine = await call(version, callLimitMs)
  if (!engine.isGood) {
    throw lacking(`its engine does not answer: ${engine.why}`, 'start it (systemctl start docker)')
  }
  const compose = await call(['compose', 'version', '--short'], callLimitMs)
  if (!compose.isGood) {
    throw lacking('it has no compose plugin', 'install docker-compose-plugin')
  }
  // It may have a name behind it, v2.40.3-desktop.1; one built from its source has no number.
  const found = /\d+\.\d+\.\d+/.exec(compose.out)?.[0] ?? compose.out.trim()
  if (/^\d/.test(found) && !isAtLeast(found, composeLeast)) {
    throw lacking(`its compose plugin is ${found}`, `install ${composeLeast} or newer`)
  }
  return {
    docker,
    variables: engineVariables(),
    versions: { docker: engine.out.trim(), compose: found },
    async ask(what, args, { limitMs = callLimitMs, variables = {} } = {}) {
      const { isGood, out, why } = await call(args, limitMs, variables)
      if (isGood) return out
      throw engineTrouble(what, why)
    },
  }
}

const lacking = (found: string, todo: string) =>
  new UsageError(`--stack compose needs Docker, and ${found}; ${todo}, ${instead}`)

/** What Docker said when it was asked for something. */
export function engineTrouble(what: string, why: string): Trouble {
  return new Trouble(
    'engine-failed',
    `Docker was asked to ${what}: ${why}`,
    'see docker ps -a and the logs of its engine, then run again',
  )
}

/** The variables by which Docker's command line finds its engine and its plugins. */
const engineVariables = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      name.startsWith('DOCKER_') && value !== undefined ? [[name, value]] : [],
    ),
  )

interface Called {
  readonly isGood: boolean
  readonly out: string
  /** The last thing that it said, or that it took too long. */
  readonly why: string
}

const caller =
  (docker: string, mark: string | undefined) =>
  (
    args: readonly string[],
    limitMs: number,
    variables: Readonly<Record<string, string>> = {},
  ): Promise<Called> => {
    const owned = mark === undefined ? {} : { [ownerVariable]: mark }
    const options = {
      cwd: repoRoot,
      timeout: limitMs,
      killSignal: 'SIGKILL' as const,
      maxBuffer: outputBytesMax,
      env: { ...ownVariables(), ...variables, ...owned },
    }
    return new Promise((resolve) => {
      execFile(docker, args, options, (error, out, said) => {
        const late = `it did not answer within ${limitMs / 1_000} s`
        const why = error?.killed === true ? late : lastLine(said)
        resolve({ isGood: error === null, out, why })
      })
    })
  }

const charsMax = 400

/** The line that says why: the last one that is no progress. */
export const lastLine = (text: string): string => {
  const lines = text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(?:time=|\[\+\]|See ')/.test(line))
  return (lines.at(-1) ?? 'it said nothing').replace(/[.?!]+$/, '').slice(0, charsMax)
}
