/**
 * Redis: on PATH, or Debian's package unpacked into a folder of ours. Unpacking needs no root, and
 * starts no service on the host as installing would.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ask, onPath } from './program.ts'
import pins from './pins.json' with { type: 'json' }
import type { Shell } from './step.ts'
import type { Tool } from './tool.ts'
import { askVersion, isAtLeast } from './version.ts'

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
    if (version === undefined || !isAtLeast(version, pins.redisMin)) return undefined
    return { path, env: {}, version, from: 'PATH' }
  },

  async verify(home) {
    const path = join(home, 'root/usr/bin/redis-server')
    const env = { LD_LIBRARY_PATH: libraryFolders(join(home, 'root')).join(':') }
    const version = await askVersion(path, ['--version'], env)
    if (version === undefined || !isAtLeast(version, pins.redisMin)) {
      const { text } = await ask(path, ['--version'], env)
      throw new Error(`wanted Redis ${pins.redisMin} or newer at ${path}, but: ${text.trim()}`)
    }
    return { path, env, version, from: '.tools' }
  },

  async install(folder, $) {
    const apt = aptOptions(folder)
    await $`apt-get ${apt} update`
    const packages = await missingPackages($, apt)
    // It downloads into the folder that it is started in.
    await $`cd ${folder} && apt-get ${apt} download ${packages}`
    await unpack(folder, $)
    rmSync(join(folder, 'apt'), { recursive: true, force: true })
  },
}

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

/** What the host would have to install to have Redis, in apt's own judgement. */
async function missingPackages($: Shell, apt: readonly string[]): Promise<string[]> {
  const plan = await $`apt-get ${apt} -s install --no-install-recommends redis-server`
  const packages = [...plan.stdout.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] as string)
  if (packages.length === 0) throw new Error(`apt-get knows no way to get redis-server:\n${plan}`)
  return packages
}

async function unpack(folder: string, $: Shell): Promise<void> {
  const root = join(folder, 'root')
  mkdirSync(root)
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.deb'))) {
    await $`dpkg -x ${join(folder, name)} ${root}`
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
