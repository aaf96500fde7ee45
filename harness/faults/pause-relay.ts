/** The relay's process stands still: it keeps its sockets and does nothing. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { identify } from '../world/processes.ts'
import { defineFault } from './fault.ts'
import { until } from '../world/until.ts'
import { processOf } from './relay-process.ts'

export const pauseRelay = defineFault({
  spec: z.strictObject({ fault: z.literal('pause-relay') }),
  effects: () => ({ on: 'relay', does: ['pauses-relay'] }),
  draw: () => ({ fault: 'pause-relay' }) as const,
  says: () => 'relay process paused (SIGSTOP): it keeps its sockets and does nothing',
  async inject(_, context) {
    const relay = processOf(context)
    const pid = relay.pid
    const frozen = identify(pid)
    if (frozen === undefined) throw new Error(`the relay (process ${pid}) has already exited`)
    const cleared = context.undoLog.register({ undo: 'continue-process', process: frozen })
    relay.send('SIGSTOP')
    return {
      async measure() {
        const asked = await until(
          context,
          2_000,
          20,
          async () => processState(pid),
          (state) => state === 'T',
        )
        return { isActive: asked.holds, evidence: { pid, state: asked.answer } }
      },
      async heal() {
        relay.send('SIGCONT')
        cleared()
        const asked = await until(
          context,
          2_000,
          20,
          async () => processState(pid),
          (state) => state !== 'T',
        )
        if (!asked.holds) throw new Error(`the relay (process ${pid}) is still frozen`)
        return { pid, state: asked.answer }
      },
    }
  },
})

/** State letter of a process (`T`: stopped; see proc(5)); `gone` once it has ended. */
function processState(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.charAt(stat.lastIndexOf(')') + 2)
  } catch {
    return 'gone'
  }
}

