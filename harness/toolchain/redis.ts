/**
 * Redis: on PATH, or Debian's package unpacked into a folder of ours. Unpacking needs no root, and
 * starts no service on the host as installing would.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ask, askVersion, onPath } from './program.ts'
import pins from './pins.json' with { type: 'json' }
import type { InstallSite, Tool } from './tool.ts'
import { findVersion, isAtLeast, showVersion, type Version } from './version.ts'

const least = findVersion(pins.redisMin) as Version

export const redis: Tool = {
  name: 'redis',
  why: "the relay's replay buffer",
  wanted: `${pins.redisMin} or newer`,
  home: 'redis-debian',
  needs: ['apt-get', 'dpkg'],
  byHand: `put redis-server ${pins.redisMin} or newer on PATH (apt-get install redis-server)`,

  async findOnHost() {
    const path = onPath('redis-server')
    if (path === undefined) return undefined
    const version = await askVersion(path, ['--version'])
    if (version === undefined || !isAtLeast(version, least)) return undefined
    return { path, env: {}, version: showVersion(version), from: 'PATH' }
  },

  async verify(home) {
    const path = join(home, 'root/usr/bin/redis-server')
    const env = { LD_LIBRARY_PATH: libraryFolders(join(home, 'root')).join(':') }
    const version = await askVersion(path, ['--version'], env)
    if (version === undefined || !isAtLeast(version, least)) {
      const { text } = await ask(path, ['--version'], env)
      throw new Error(`wanted Redis ${pins.redisMin} or newer at ${path}, but: ${text.trim()}`)
    }
    return { path, env, version: showVersion(version), from: '.tools' }
  },

  async install(site) {
    const { folder, step } = site
    const options = aptOptions(folder)
    await step('apt-get', [...options, 'update'])
    const packages = await missingPackages(options)
    await step('sh', ['-c', downloadHere, folder, ...options, 'download', ...packages])
    await unpack(site)
    rmSync(join(folder, 'apt'), { recursive: true, force: true })
  },
}

/** apt-get downloads into the folder that it is started in. */
const downloadHere = 'cd "$0" && exec apt-get "$@"'

/** Package lists and cache of our own, so that no right on the host's is needed. */
function aptOptions(folder: string): string[] {
  const lists = join(folder, 'apt/lists')
  const cache = join(folder, 'apt/cache')
  mkdirSync(join(lists, 'partial'), { recursive: true })
  mkdirSync(join(cache, 'archives/partial'), { recursive: true })
  return [
    '-o',
    `Dir::State::Lists=${lists}`,
    '-o',
    `Dir::Cache=${cache}`,
    '-o',
    'Debug::NoLocking=1',
    '-o',
    'APT::Sandbox::User=',
  ]
}

/** apt-get reads all its lists first: on a busy machine that takes a minute. */
const planLimitMs = 120_000

/** What the host would have to install to have Redis, in apt's own judgement. */
async function missingPackages(options: readonly string[]): Promise<string[]> {
  const wanted = ['-s', 'install', '--no-install-recommends', 'redis-server']
  const { text } = await ask('apt-get', [...options, ...wanted], {}, planLimitMs)
  const packages = [...text.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] as string)
  if (packages.length === 0) throw new Error(`apt-get knows no way to get redis-server:\n${text}`)
  return packages
}

async function unpack({ folder, step }: InstallSite): Promise<void> {
  const root = join(folder, 'root')
  mkdirSync(root)
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.deb'))) {
    await step('dpkg', ['-x', join(folder, name), root])
    rmSync(join(folder, name))
  }
}

/** Folders below `root` that hold shared libraries, whatever this machine's architecture. */
function libraryFolders(root: string): string[] {
  const bases = [join(root, 'lib'), join(root, 'usr/lib')]
  return bases.flatMap((base) => [base].concat(folders(base)))
}

function folders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.includes('-linux-'))
      .map((entry) => join(folder, entry.name))
  } catch {
    return []
  }
}
