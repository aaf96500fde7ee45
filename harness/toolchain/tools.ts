/**
 * The toolchain: every program that the native stack needs, from one table. What is on the host is
 * taken if it is good enough; the rest is installed once, at pinned versions (pins.json), under
 * `.tools/`.
 */
import { systemClock } from '../../relay/world/clock.ts'
import { openWorld } from '../world/world.ts'
import { alertmanager } from './alertmanager.ts'
import { lackOf, missingProgram, type Missing } from './host-programs.ts'
import { findInstalled } from './installed.ts'
import { kafka } from './kafka.ts'
import { kustomize } from './kustomize.ts'
import { prometheus } from './prometheus.ts'
import { redis } from './redis.ts'
import type { Found, Report, Tool, ToolName } from './tool.ts'
import { toxiproxy } from './toxiproxy.ts'

export type { Found, Report, ToolName } from './tool.ts'

/** The table. */
export const tools: Readonly<Record<ToolName, Tool>> = {
  kafka,
  redis,
  toxiproxy,
  prometheus,
  alertmanager,
  kustomize,
}
export const toolNames = Object.keys(tools) as readonly ToolName[]

/** The tool as it is now, wherever it is; undefined where it would have to be installed. */
export async function findTool(name: ToolName): Promise<Found | undefined> {
  return (await tools[name].findOnHost()) ?? findInstalled(tools[name])
}

/**
 * Finds the tools, and installs those that are missing, one after another. Takes milliseconds
 * when all are there.
 *
 * @throws Trouble `tool-missing`, `tool-broken`, `install-failed`, `lock-busy`
 */
export async function ensureTools(
  names: readonly ToolName[],
  report: Report,
): Promise<Readonly<Record<ToolName, Found>>> {
  const found = await Promise.all(names.map(async (name) => [name, await findTool(name)] as const))
  const missing = found.filter(([, one]) => one === undefined).map(([name]) => name)
  await refuseImpossible(missing)
  const installed = missing.length === 0 ? [] : await installAll(missing, report)
  return Object.fromEntries([...found, ...installed]) as Readonly<Record<ToolName, Found>>
}

/** Before anything is downloaded: what the host must bring itself, all of it at once. */
async function refuseImpossible(names: readonly ToolName[]): Promise<void> {
  if (names.length === 0) return
  const all = await Promise.all([missingProgram('bash'), ...names.flatMap(missingFor)])
  const lacking = all.filter((one) => one !== undefined)
  if (lacking.length > 0) throw lackOf(lacking)
}

/** What Java runs needs Java, whoever installed it; of the rest the installed tool is as good. */
function missingFor(name: ToolName): Promise<Missing | undefined>[] {
  const { needs, byHand } = tools[name]
  return needs.map(async (program) => {
    const lack = await missingProgram(program)
    if (lack === undefined || program === 'java') return lack
    return { ...lack, fix: `${lack.fix}, or ${byHand}` }
  })
}

async function installAll(names: readonly ToolName[], report: Report) {
  const { install } = await import('./installation.ts')
  const world = await openWorld(systemClock)
  try {
    const installed: [ToolName, Found][] = []
    for (const name of names) installed.push([name, await install(world, tools[name], report)])
    return installed
  } finally {
    await world.close()
  }
}
