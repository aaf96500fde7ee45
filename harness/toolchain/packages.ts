/**
 * The packages of this repository: node_modules is what package-lock.json says, or becomes it. All
 * that runs before has no packages yet, so nothing here, or imported from here, is a library.
 *
 * npm installs into a folder beside node_modules, which is renamed when it is finished. Two
 * processes may do so at once: the first one's is taken. One that was interrupted, even by SIGKILL,
 * leaves what was there before as it was, and blocks no other process.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { withDeadline } from '../../relay/world/deadline.ts'
import { systemClock } from '../../relay/world/clock.ts'
import { startChild } from '../world/child.ts'
import { ownVariables } from '../world/environment.ts'
import { repoRoot, toolsFolder } from '../world/places.ts'
import { identify } from '../world/processes.ts'
import { Trouble } from '../world/trouble.ts'
import { openWorld, type World } from '../world/world.ts'
import pins from './pins.json' with { type: 'json' }
import { ask, onPath } from './program.ts'
import type { Report } from './tool.ts'

/** Enough for a slow network and an empty cache; if it takes longer, install by hand. */
const installLimitMs = 8 * 60_000
const home = join(repoRoot, 'node_modules')
const unfinished = 'packages.unfinished-'

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
 * @throws Trouble `tool-missing` without npm, `install-failed`
 */
export async function ensurePackages(report: Report): Promise<void> {
  if (isInstalled()) return
  await requireNpm()
  removeUnfinished()
  const logFile = join(toolsFolder, 'logs/packages.log')
  report(`installing the packages of package-lock.json (log: ${logFile})`)
  const startedMs = systemClock.nowMs()
  const folder = join(repoRoot, `${unfinished}${process.pid}`)
  const world = await openWorld(systemClock)
  try {
    mkdirSync(folder)
    await install(world, folder, logFile)
    moveIntoPlace(join(folder, 'node_modules'), home, isInstalled)
  } catch (error) {
    const what = `the packages could not be installed: ${(error as Error).message}`
    throw new Trouble('install-failed', what, `read ${logFile}, then run: npm ci`, error)
  } finally {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const seconds = ((systemClock.nowMs() - startedMs) / 1_000).toFixed(1)
  report(`packages installed in ${seconds} s`)
}

/** npm of the host, at least of the major version that reads our lockfile. */
async function requireNpm(): Promise<void> {
  const npm = onPath('npm')
  const version = npm === undefined ? '' : (await ask(npm, ['--version'])).text.trim()
  if (Number.parseInt(version, 10) >= Number.parseInt(pins.npmMin, 10)) return
  const wanted = `npm ${pins.npmMin} or newer (installs our packages)`
  const found = npm === undefined ? 'no npm on PATH' : `${npm} ${version || 'of no version'}`
  throw new Trouble('tool-missing', { wanted, found }, 'install Node with npm: https://nodejs.org')
}

async function install(world: World, folder: string, logFile: string): Promise<void> {
  for (const name of ['package.json', 'package-lock.json']) {
    copyFileSync(join(repoRoot, name), join(folder, name))
  }
  const child = await startChild(world, {
    role: 'npm ci',
    command: 'npm',
    args: ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
    env: ownVariables(),
    cwd: folder,
    logFile,
    deadlineMs: installLimitMs,
  })
  const exit = await withDeadline(world.clock, installLimitMs, 'npm ci', () => child.exited)
  if (exit.code === 0) return
  throw new Error(`npm ci ended with ${exit.signal ?? `code ${exit.code}`}:\n${child.tail()}`)
}

/**
 * Renames `folder` to `place`, unless another process was quicker. What stood there before goes to
 * the folder that `folder` is in.
 */
export function moveIntoPlace(folder: string, place: string, isRight: () => boolean): void {
  for (;;) {
    try {
      return renameSync(folder, place)
    } catch (error) {
      if (!isTaken(error)) throw error
    }
    if (isRight()) return
    renameSync(place, `${folder}.before`)
  }
}

/** Errors of renaming a folder to something that is there: a full folder, or a link to one. */
function isTaken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR'
}

/** Removes what installations of dead processes left. */
function removeUnfinished(): void {
  for (const name of readdirSync(repoRoot).filter((one) => one.startsWith(unfinished))) {
    if (identify(Number(name.slice(unfinished.length))) !== undefined) continue
    rmSync(join(repoRoot, name), { recursive: true, force: true })
  }
}

function isInstalled(): boolean {
  const wanted = read(join(repoRoot, 'package-lock.json'))
  const found = read(join(home, '.package-lock.json'))
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
