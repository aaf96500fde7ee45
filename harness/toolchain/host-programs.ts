/** The programs that the host must bring itself: the table, and whether they are there. */
import { Trouble } from '../world/trouble.ts'
import pins from './pins.json' with { type: 'json' }
import { askVersion, onPath } from './program.ts'
import type { HostProgramName } from './tool.ts'
import { findVersion, isAtLeast, showVersion, type Version } from './version.ts'

interface HostProgram {
  readonly versionArgs: readonly string[]
  readonly least: string
  readonly why: string
  /** The one command that brings it. */
  readonly fix: string
}

export const hostPrograms: Readonly<Record<HostProgramName, HostProgram>> = {
  java: {
    versionArgs: ['-version'],
    least: pins.javaMin,
    why: 'runs Kafka',
    fix: 'sudo apt-get install -y openjdk-17-jre-headless',
  },
  mvn: {
    versionArgs: ['--version'],
    least: pins.mavenMin,
    why: 'gets the jars of Kafka; not needed where KAFKA_HOME names a Kafka 4',
    fix: 'sudo apt-get install -y maven',
  },
  go: {
    versionArgs: ['version'],
    least: pins.goMin,
    why: 'builds Toxiproxy; not needed where toxiproxy-server is on PATH',
    fix: 'install Go from https://go.dev/doc/install',
  },
  npm: {
    versionArgs: ['--version'],
    least: pins.npmMin,
    why: 'installs the packages of this repository, and Node 24 on an older host',
    fix: 'install Node with npm from https://nodejs.org',
  },
  'apt-get': {
    versionArgs: ['--version'],
    least: '1.0.0',
    why: "gets Debian's Redis; not needed where redis-server is on PATH",
    fix: 'install Redis 6.2 or newer so that redis-server is on PATH',
  },
  dpkg: {
    versionArgs: ['--version'],
    least: '1.0.0',
    why: "unpacks Debian's Redis; not needed where redis-server is on PATH",
    fix: 'install Redis 6.2 or newer so that redis-server is on PATH',
  },
}

/** What was found of a host program. */
export interface HostProgramState {
  readonly path: string | undefined
  readonly version: string | undefined
  readonly isUsable: boolean
}

export async function lookAtHostProgram(name: HostProgramName): Promise<HostProgramState> {
  const path = onPath(name)
  if (path === undefined) return { path, version: undefined, isUsable: false }
  const { versionArgs, least } = hostPrograms[name]
  const version = await askVersion(path, versionArgs)
  return {
    path,
    version: version && showVersion(version),
    isUsable: version !== undefined && isAtLeast(version, findVersion(least) as Version),
  }
}

/** @throws Trouble `tool-missing` where the host does not have this program, or a too old one */
export async function requireHostProgram(name: HostProgramName): Promise<string> {
  const { path, version, isUsable } = await lookAtHostProgram(name)
  if (isUsable && path !== undefined) return path
  const { least, why, fix } = hostPrograms[name]
  const found = path === undefined ? 'not on PATH' : `${path}, version ${version ?? 'unknown'}`
  const what = `wanted ${name} ${least} or newer (${why}); found: ${found}`
  throw new Trouble('tool-missing', what, fix)
}
