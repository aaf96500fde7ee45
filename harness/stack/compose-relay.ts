/** The relay of the compose stack: the file's service `relay`, created again for each scenario. */
import type { Project } from './compose-project.ts'
import type { RelayService } from './stack.ts'

/** In its container. */
const port = 3_002
/**
 * The demo's own settings, which no scenario asked for. A variable without a value is taken from
 * the shell, which does not have it either.
 */
const ofTheDemo = { WEBSOCKET_MAX_CONNECTIONS_PER_IP: null, WEBSOCKET_ALLOWED_HOSTS: null }
const createLimitMs = 30_000
const signalLimitMs = 10_000

export function relayServiceOf(project: Project): RelayService {
  const name = project.container('relay')
  const { docker, variables } = project.engine
  return {
    port,
    async create(environment) {
      project.override({
        relay: {
          environment: { ...ofTheDemo, ...environment },
          // One that ends must be seen to have ended.
          restart: 'no',
          // A process beside the relay would be measured with it.
          healthcheck: { disable: true },
        },
      })
      const again = ['--no-start', '--force-recreate', '--no-build', '--pull', 'never', '--no-deps']
      await project.compose('create the relay', ['up', ...again, 'relay'], createLimitMs)
    },
    // Its output and its exit code are the relay's. `docker start` has no way to keep signals back.
    runs: { command: docker, args: ['start', '--attach', name], variables },
    async see() {
      const { pid, host, isRunning, wasOutOfMemory } = await project.see('relay')
      return { pid, address: `${host}:${port}`, isRunning, wasOutOfMemory }
    },
    async signal(signal) {
      const args = ['kill', '--signal', signal, name]
      await project.engine.ask(`send ${signal} to the relay`, args, { limitMs: signalLimitMs })
    },
  }
}
