/**
 * Alertmanager as a child process on a free loopback port, without a cluster. It ends with the
 * world in which it was started.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onFreePorts, type ChoosePorts } from '../stack/free-ports.ts'
import { besideTool } from '../toolchain/debian.ts'
import { ask } from '../toolchain/program.ts'
import type { Found } from '../toolchain/tools.ts'
import { startChild } from '../world/child.ts'
import { Trouble } from '../world/trouble.ts'
import type { World } from '../world/world.ts'

export interface AlertmanagerPlan {
  readonly world: World
  readonly tool: Found
  readonly folder: string
  readonly logFolder: string
  /** The text of its configuration. */
  readonly config: string
  readonly choosePorts?: ChoosePorts
}

export interface Alertmanager {
  /** host:port */
  readonly address: string
  readonly pid: number
  /** Idempotent. */
  stop(): Promise<void>
}

const readyLimitMs = 20_000
const stopGraceMs = 3_000
const logBytesMax = 1_024 * 1_024

/**
 * Starts Alertmanager, and waits until it answers.
 *
 * @throws Trouble `rules-refused` with amtool's words, `port-taken`, `child-died`, `child-late`
 */
export async function startAlertmanager(plan: AlertmanagerPlan): Promise<Alertmanager> {
  const { world, tool, folder, logFolder, config, choosePorts } = plan
  const file = join(folder, 'alertmanager.yml')
  writeFileSync(file, config)
  await checkConfig(tool, file)
  const wish = { role: 'alertmanager', count: 1, seed: `${world.mark}/alertmanager`, choosePorts }
  return onFreePorts(wish, async ([port]) => {
    const address = `127.0.0.1:${port}`
    const child = await startChild(world, {
      role: 'alertmanager',
      command: tool.path,
      args: [
        `--config.file=${file}`,
        `--storage.path=${join(folder, 'alertmanager-data')}`,
        // No cluster: it would listen on all addresses of the machine.
        '--cluster.listen-address=',
        `--web.listen-address=${address}`,
      ],
      env: { ...tool.env, GOMAXPROCS: '1' },
      ...(tool.cwd === undefined ? {} : { cwd: tool.cwd }),
      logFile: join(logFolder, 'alertmanager.log'),
      logBytesMax,
      deadlineMs: readyLimitMs,
      // Not a probe: where the port is taken, somebody else would answer it.
      ready: { line: (line) => line.includes('Listening on') },
    })
    let stopping: Promise<void> | undefined
    const stop = () => (stopping ??= child.stop(stopGraceMs).then(() => undefined))
    return { address, pid: child.pid, stop }
  })
}

async function checkConfig(tool: Found, file: string): Promise<void> {
  const { isRunnable, text } = await ask(besideTool(tool, 'amtool'), ['check-config', file])
  if (isRunnable) return
  const words = text.split('\n').map((line) => line.trim())
  throw new Trouble(
    'rules-refused',
    `the configuration must pass amtool check-config, which says: ${words.join(' ').trim()}`,
    `correct it; it is in ${file}`,
  )
}
