/** The programs that the host must bring itself: the table, and whether they are there. */
import { Trouble, type Lack } from '../world/trouble.ts'
import pins from './pins.json' with { type: 'json' }
import { onPath } from './program.ts'
import type { HostProgramName } from './tool.ts'
import { askVersion, isAtLeast } from './version.ts'

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
    why: 'gets the jars of Kafka',
    fix: 'sudo apt-get install -y maven',
  },
  go: {
    versionArgs: ['version'],
    least: pins.goMin,
    why: 'builds Toxiproxy and kustomize',
    fix: 'install Go from https://go.dev/doc/install',
  },
  'apt-get': {
    versionArgs: ['--version'],
    least: '1.0.0',
    why: 'gets packages of Debian',
    fix: 'install Redis and Prometheus with the package manager of this system',
  },
  dpkg: {
    versionArgs: ['--version'],
    least: '1.0.0',
    why: 'unpacks packages of Debian',
    fix: 'install Redis and Prometheus with the package manager of this system',
  },
  bash: {
    versionArgs: ['--version'],
    least: '3.2.0',
    why: 'runs the steps of an installation',
    fix: 'install bash with the package manager of this system',
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
    version,
    isUsable: version !== undefined && isAtLeast(version, least),
  }
}

/** @throws Trouble `tool-missing` where the host does not have this program, or a too old one */
export async function requireHostProgram(name: HostProgramName): Promise<string> {
  const state = await lookAtHostProgram(name)
  if (state.isUsable && state.path !== undefined) return state.path
  throw lackOf([missing(name, state)])
}

/** A program of the host that is not there, or too old. */
export interface Missing extends Lack {
  readonly fix: string
}

/** What lacks of `name`; undefined where it is as it must be. */
export async function missingProgram(name: HostProgramName): Promise<Missing | undefined> {
  const state = await lookAtHostProgram(name)
  return state.isUsable ? undefined : missing(name, state)
}

function missing(name: HostProgramName, { path, version }: HostProgramState): Missing {
  const { least, why, fix } = hostPrograms[name]
  const found = path === undefined ? `no ${name} on PATH` : `${path} ${version ?? 'of no version'}`
  return { wanted: `${name} ${least} or newer (${why})`, found, fix }
}

/** Everything missing in one error, so that it can be installed at once. */
export const lackOf = (all: readonly Missing[]): Trouble =>
  new Trouble(
    'tool-missing',
    {
      wanted: all.map(({ wanted }) => wanted).join(', '),
      found: all.map(({ found }) => found).join(', '),
    },
    [...new Set(all.map(({ fix }) => fix))].join('; '),
  )
