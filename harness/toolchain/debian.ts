/**
 * Tools that Debian packages: on PATH, or the package unpacked into a folder of ours. Unpacking
 * needs no root, and starts no service on the host as installing would.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ask, onPath } from './program.ts'
import type { Shell } from './step.ts'
import type { Found, Tool } from './tool.ts'
import { askVersion, isAtLeast } from './version.ts'

/** A tool that is the programs of one package. */
interface DebianRow extends Pick<Tool, 'name' | 'why' | 'isOnDemand'> {
  /** What people call it. */
  readonly title: string
  /** The oldest version that is taken, from the host or from Debian. */
  readonly least: string
  readonly package: string
  /** Names that its program has, in Debian's package last. */
  readonly program: readonly [string, ...string[]]
  /** Programs that must stand beside it. */
  readonly companions: readonly string[]
  /** Whether its programs need libraries of other packages: then these are unpacked as well. */
  readonly needsLibraries: boolean
  /** What to change in what was unpacked. */
  readonly settle?: (root: string) => void
  /** Folder below the unpacked root in which its program must be started. */
  readonly startIn?: string
}

/** The tool of a row. */
export function debianTool(row: DebianRow): Tool {
  const { name, why, isOnDemand, title, least, companions } = row
  const inDebian = row.program.at(-1) as string
  const all = [row.program[0], ...companions].join(' and ')
  const wanted = `${least} or newer`
  return {
    name,
    why,
    isOnDemand,
    wanted,
    home: `${name}-debian`,
    needs: ['apt-get', 'dpkg'],
    byHand: `put ${all} ${wanted} on PATH (apt-get install ${row.package})`,

    async findOnHost() {
      const path = row.program.map(onPath).find((one) => one !== undefined)
      if (path === undefined || !areThere(dirname(path), companions)) return undefined
      const version = await askVersion(path, ['--version'])
      if (version === undefined || !isAtLeast(version, least)) return undefined
      return { path, env: {}, version, from: 'PATH' }
    },

    async verify(home): Promise<Found> {
      const root = join(home, 'root')
      const path = join(root, 'usr/bin', inDebian)
      const env = { LD_LIBRARY_PATH: libraryFolders(root).join(':') }
      const version = await askVersion(path, ['--version'], env)
      if (version === undefined || !isAtLeast(version, least)) {
        const { text } = await ask(path, ['--version'], env)
        throw new Error(`wanted ${title} ${wanted} at ${path}, but: ${text.trim()}`)
      }
      const cwd = row.startIn === undefined ? {} : { cwd: join(root, row.startIn) }
      return { path, env, version, from: '.tools', ...cwd }
    },

    async install(folder, $) {
      const apt = aptOptions(folder)
      await $`apt-get ${apt} update`
      const packages = row.needsLibraries
        ? await missingPackages($, apt, row.package)
        : [row.package]
      // It downloads into the folder that it is started in.
      await $`cd ${folder} && apt-get ${apt} download ${packages}`
      await unpack(folder, $)
      row.settle?.(join(folder, 'root'))
      rmSync(join(folder, 'apt'), { recursive: true, force: true })
    },
  }
}

/** A program that came with a tool, in the folder of the tool's own. */
export const besideTool = (tool: Found, name: string): string => join(dirname(tool.path), name)

function areThere(folder: string, names: readonly string[]): boolean {
  const found = new Set(names.length === 0 ? [] : readdirSync(folder))
  return names.every((name) => found.has(name))
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

/** What the host would have to install to have it, in apt's own judgement. */
async function missingPackages(
  $: Shell,
  apt: readonly string[],
  wanted: string,
): Promise<string[]> {
  const plan = await $`apt-get ${apt} -s install --no-install-recommends ${wanted}`
  const packages = [...plan.stdout.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] as string)
  if (packages.length === 0) throw new Error(`apt-get knows no way to get ${wanted}:\n${plan}`)
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
