/** Loads recorded runs into a Prometheus' data: each is exported, and promtool makes blocks. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { withDeadline } from '../../relay/world/deadline.ts'
import { besideTool } from '../toolchain/debian.ts'
import type { Found } from '../toolchain/tools.ts'
import { startChild } from '../world/child.ts'
import { Trouble } from '../world/trouble.ts'
import type { World } from '../world/world.ts'
import { exportToFile, type Exported } from './export-run.ts'

export interface LoadPlan {
  readonly world: World
  /** Prometheus, with promtool beside it. */
  readonly tool: Found
  /** For the texts, which do not stay, and for promtool's log. */
  readonly folder: string
  /** Where the blocks go. */
  readonly dataFolder: string
  readonly startUnixMs: number
}

/** A run that is loaded. */
export interface LoadedRun extends Exported {
  readonly run: string
  readonly exportMs: number
  readonly loadMs: number
}

/** promtool takes a second for a million samples. */
const loadLimitMs = 10 * 60_000

/** @throws Trouble `record-unreadable`, `history-newer`, `load-failed` with promtool's words */
export async function loadRun(plan: LoadPlan, folder: string, run: string): Promise<LoadedRun> {
  const { clock } = plan.world
  const file = join(plan.folder, 'run.om')
  const [begunMs, as] = [clock.nowMs(), { run, startUnixMs: plan.startUnixMs }]
  try {
    const exported = exportToFile(folder, as, file)
    const exportedMs = clock.nowMs()
    await makeBlocks(plan, file, run)
    return {
      ...exported,
      run,
      exportMs: exportedMs - begunMs,
      loadMs: clock.nowMs() - exportedMs,
    }
  } finally {
    rmSync(file, { force: true })
  }
}

async function makeBlocks(plan: LoadPlan, file: string, run: string): Promise<void> {
  const { world, tool, dataFolder } = plan
  const child = await startChild(world, {
    role: 'promtool',
    command: besideTool(tool, 'promtool'),
    args: ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', file, dataFolder],
    env: tool.env,
    ...(tool.cwd === undefined ? {} : { cwd: tool.cwd }),
    logFile: join(plan.folder, 'promtool.log'),
    deadlineMs: loadLimitMs,
  })
  try {
    const exit = await withDeadline(world.clock, loadLimitMs, 'promtool', () => child.exited)
    if (exit.code !== 0) throw new Error(child.tail().trim() || `it ended with ${exit.code}`)
  } catch (error) {
    await child.stop(0)
    throw new Trouble(
      'load-failed',
      `promtool must make blocks of run ${run}, and says: ${(error as Error).message}`,
      'see whether the disk is full, and which promtool it is: npm run chaos -- doctor',
      error,
    )
  }
}
