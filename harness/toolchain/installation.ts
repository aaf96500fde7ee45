/**
 * Installing a tool: into a folder beside its home, verified by running it, stamped, and renamed
 * into place. What was interrupted never looks installed. Loaded only where something is missing:
 * the libraries that it brings would cost every command 80 ms.
 */
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { toolsFolder } from '../world/places.ts'
import { Trouble } from '../world/trouble.ts'
import type { World } from '../world/world.ts'
import { findInstalled, writeStamp } from './installed.ts'
import { withLock } from './lock.ts'
import { withShell } from './step.ts'
import type { Found, Report, Tool } from './tool.ts'

const lockLimitMs = 15 * 60_000

/** Installs a tool, unless another process did so while we waited for the lock. */
export function install(world: World, tool: Tool, report: Report): Promise<Found> {
  mkdirSync(join(toolsFolder, 'logs'), { recursive: true })
  const lock = {
    clock: world.clock,
    path: join(toolsFolder, 'installing'),
    limitMs: lockLimitMs,
    onWait: () => report(`${tool.name}: waiting for another process to install`),
  }
  return withLock(lock, async () => findInstalled(tool) ?? installNow(world, tool, report))
}

async function installNow(world: World, tool: Tool, report: Report): Promise<Found> {
  removeUnfinished(tool)
  const startedMs = world.clock.nowMs()
  const folder = join(toolsFolder, `${tool.home}.unfinished-${process.pid}`)
  const logFile = join(toolsFolder, 'logs', `${tool.home}.log`)
  report(`${tool.name}: installing ${tool.wanted} into .tools (log: ${logFile})`)
  mkdirSync(folder)
  try {
    await withShell(world, logFile, (shell) => tool.install(folder, shell))
    await tool.verify(folder)
    moveIntoPlace(tool, folder)
    const found = await tool.verify(join(toolsFolder, tool.home))
    writeStamp(tool, found)
    const seconds = ((world.clock.nowMs() - startedMs) / 1_000).toFixed(1)
    report(`${tool.name}: ${found.version} installed in ${seconds} s`)
    return found
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw failure(tool, logFile, error)
  }
}

function moveIntoPlace(tool: Tool, folder: string): void {
  const home = join(toolsFolder, tool.home)
  rmSync(home, { recursive: true, force: true })
  renameSync(folder, home)
}

/** Under the lock no other process is installing: what is unfinished was interrupted. */
function removeUnfinished(tool: Tool): void {
  for (const name of readdirSync(toolsFolder)) {
    if (!name.startsWith(`${tool.home}.unfinished-`)) continue
    rmSync(join(toolsFolder, name), { recursive: true, force: true })
  }
}

function failure(tool: Tool, logFile: string, cause: unknown): Trouble {
  if (cause instanceof Trouble) return cause
  return new Trouble(
    'install-failed',
    { wanted: `${tool.name} ${tool.wanted}`, found: `not installable: ${inOneLine(cause)}` },
    `read ${logFile}; or ${tool.byHand}`,
    cause,
  )
}

/** Of a program that ended badly: how it ended, and its last line; the rest is in its log. */
function inOneLine(cause: unknown): string {
  const lines = (cause as Error).message.split('\n').filter((line) => line.trim() !== '')
  return [...new Set([lines[0], lines.at(-1)])].join(' ')
}
