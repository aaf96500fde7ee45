/**
 * The packages of this repository: node_modules is what package-lock.json says, or becomes it.
 * Imports nothing from node_modules.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../relay/world/clock.ts'
import { repoRoot, toolsFolder } from '../world/places.ts'
import { Trouble } from '../world/trouble.ts'
import { openWorld } from '../world/world.ts'
import { requireHostProgram } from './host-programs.ts'
import type { Report } from './installation.ts'
import { withLock } from './lock.ts'
import { runStep } from './step.ts'

const lockLimitMs = 10 * 60_000

interface LockedPackage {
  readonly version?: string
  readonly integrity?: string
  readonly optional?: boolean
  readonly link?: boolean
}
/** Both package-lock.json and what npm writes into node_modules when it has finished. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

/**
 * Installs the packages unless they are there. npm writes its own lockfile into node_modules last,
 * so an interrupted installation has none, and one of another lockfile differs.
 *
 * @throws Trouble `tool-missing` without npm, `install-failed`, `lock-busy`
 */
export async function ensurePackages(report: Report): Promise<void> {
  if (isInstalled()) return
  mkdirSync(join(toolsFolder, 'logs'), { recursive: true })
  const onWait = (pid: number) => report(`waiting for process ${pid} to install the packages`)
  await withLock(systemClock, join(toolsFolder, 'packages-lock'), lockLimitMs, onWait, async () => {
    if (!isInstalled()) await install(report)
  })
}

async function install(report: Report): Promise<void> {
  const logFile = join(toolsFolder, 'logs/packages.log')
  const npm = await requireHostProgram('npm')
  report(`installing the packages of package-lock.json (log: ${logFile})`)
  const startedMs = systemClock.nowMs()
  const world = await openWorld(systemClock)
  try {
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
    await runStep(world, { role: 'npm ci', command: npm, args, logFile })
  } catch (error) {
    const what = `the packages could not be installed: ${(error as Error).message}`
    throw new Trouble('install-failed', what, `read ${logFile}, then run: npm ci`, error)
  } finally {
    await world.close()
  }
  const seconds = ((systemClock.nowMs() - startedMs) / 1_000).toFixed(1)
  report(`packages installed in ${seconds} s`)
}

function isInstalled(): boolean {
  const wanted = read(join(repoRoot, 'package-lock.json'))
  const found = read(join(repoRoot, 'node_modules/.package-lock.json'))
  return wanted !== undefined && found !== undefined && agrees(wanted, found)
}

/** Whether `found` has every package of `wanted` (optional ones may lack) and no other. */
export function agrees(wanted: Lockfile, found: Lockfile): boolean {
  const isSame = (path: string) => {
    const a = wanted.packages[path]
    const b = found.packages[path]
    return a?.version === b?.version && a?.integrity === b?.integrity
  }
  const isThere = ([path, one]: [string, LockedPackage]) =>
    path === '' || (path in found.packages ? isSame(path) : one.optional === true)
  return (
    Object.entries(wanted.packages).every(isThere) &&
    Object.keys(found.packages).every((path) => path in wanted.packages)
  )
}

function read(file: string): Lockfile | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Lockfile
  } catch {
    return undefined
  }
}
