/**
 * Installing a tool: into a folder beside its home, verified by running it, stamped, and renamed
 * into place. What was interrupted never looks installed.
 */
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { toolsFolder } from '../world/places.ts'
import { Trouble } from '../world/trouble.ts'
import type { World } from '../world/world.ts'
import { withLock } from './lock.ts'
import pins from './pins.json' with { type: 'json' }
import { runStep } from './step.ts'
import type { Found, InstallStep, Tool } from './tool.ts'

const lockLimitMs = 15 * 60_000
const stampName = 'installed.json'

/** Says what is going on, in one line. */
export type Report = (line: string) => void

/** The tool under `.tools`; undefined where it is not, or was not finished, or is of other pins. */
export async function findInstalled(tool: Tool): Promise<Found | undefined> {
  const home = join(toolsFolder, tool.home)
  const stamp = join(home, stampName)
  if (!existsSync(stamp)) return undefined
  const written = JSON.parse(readFileSync(stamp, 'utf8')) as { pins: string; found: Found }
  return written.pins === pinsHash && existsSync(written.found.path) ? written.found : undefined
}

/** Installs a tool, unless another process did so while we waited for the lock. */
export function install(world: World, tool: Tool, report: Report): Promise<Found> {
  mkdirSync(join(toolsFolder, 'logs'), { recursive: true })
  const onWait = (pid: number) => report(`${tool.name}: waiting for process ${pid} to install`)
  return withLock(world.clock, join(toolsFolder, 'lock'), lockLimitMs, onWait, async () => {
    const found = await findInstalled(tool)
    return found ?? installNow(world, tool, report)
  })
}

async function installNow(world: World, tool: Tool, report: Report): Promise<Found> {
  removeUnfinished(tool)
  const startedMs = world.clock.nowMs()
  const folder = join(toolsFolder, `${tool.home}.unfinished-${process.pid}`)
  const logFile = join(toolsFolder, 'logs', `${tool.home}.log`)
  report(`${tool.name}: installing ${tool.wanted} into .tools (log: ${logFile})`)
  mkdirSync(folder)
  const step: InstallStep = (command, args, env = {}) =>
    runStep(world, { role: `installation of ${tool.name}`, command, args, env, logFile })
  try {
    await tool.install({ world, folder, step })
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

/** Pins that an installation was made with: other pins make it somebody else's. */
const pinsHash = createHash('sha256').update(JSON.stringify(pins)).digest('hex').slice(0, 16)

function writeStamp(tool: Tool, found: Found): void {
  const stamp = join(toolsFolder, tool.home, stampName)
  writeFileSync(`${stamp}.new`, JSON.stringify({ pins: pinsHash, found }, undefined, 2))
  renameSync(`${stamp}.new`, stamp)
}

function moveIntoPlace(tool: Tool, folder: string): void {
  const home = join(toolsFolder, tool.home)
  rmSync(home, { recursive: true, force: true })
  renameSync(folder, home)
}

/** Under the lock nobody else is installing: what is unfinished was interrupted. */
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
