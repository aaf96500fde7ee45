/**
 * The shell of an installation, which is zx: its steps stand in the tools as one would type them,
 * and it quotes their values. Each step has an owner, a deadline and a log.
 */
import { $, ProcessOutput, type Shell } from 'zx'
import { openChildLog } from '../world/child-log.ts'
import { ownVariables, secretsOf } from '../world/environment.ts'
import { repoRoot } from '../world/places.ts'
import { ownerVariable } from '../world/processes.ts'
import type { World } from '../world/world.ts'

export type { Shell } from 'zx'

/** Enough for a slow network and a cold build cache; if it takes longer, install by hand. */
const stepMinutesMax = 8
const logBytesMax = 8 * 1_024 * 1_024

/**
 * Runs `work` with a shell whose steps get all of our variables: the host's mirrors, proxies and
 * certificates are the user's choice and stay in force. They end with the world.
 *
 * @throws Error with the end of the log when a step fails or takes too long
 */
export async function withShell(
  world: World,
  logFile: string,
  work: (shell: Shell) => Promise<void>,
): Promise<void> {
  const variables = ownVariables()
  const log = openChildLog({
    file: logFile,
    bytesMax: logBytesMax,
    secrets: secretsOf(variables),
    onLine: () => undefined,
  })
  const shell = $({
    cwd: repoRoot,
    env: { ...variables, [ownerVariable]: world.mark },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    timeout: `${stepMinutesMax * 60}s`,
    timeoutSignal: 'SIGKILL',
    log: (entry) => {
      if (entry.kind === 'cmd') log.take(`$ ${entry.cmd}\n`)
      if (entry.kind === 'stdout' || entry.kind === 'stderr') log.take(String(entry.data))
    },
  })
  try {
    await work(shell)
  } catch (error) {
    if (!(error instanceof ProcessOutput)) throw error
    throw new Error(`a step ended with ${howEnded(error)}:\n${log.tail()}`, { cause: error })
  } finally {
    log.close()
  }
}

function howEnded({ exitCode, signal }: ProcessOutput): string {
  if (signal === null) return `code ${exitCode}`
  return `${signal} (a step may take ${stepMinutesMax} minutes)`
}
