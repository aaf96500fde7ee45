/**
 * What `chaos doctor` reports: every tool that a run needs, if it is there, and the one command
 * that brings it. Looks only; changes nothing, installs nothing.
 */
import { statfsSync, readFileSync } from 'node:fs'
import { availableParallelism, freemem } from 'node:os'
import { orphanedLedgers } from '../world/ledger.ts'
import { repoRoot, stateFolder } from '../world/places.ts'
import { holdPorts } from '../world/ports.ts'
import { leftProjects } from '../world/stack-projects.ts'
import { hostPrograms, lookAtHostProgram } from './host-programs.ts'
import pins from './pins.json' with { type: 'json' }
import { findTool, toolNames, tools } from './tools.ts'
import type { HostProgramName, ToolName } from './tool.ts'

/**
 * `good`: as it must be · `installable`: not there, and the next run installs it · `doubtful`: a
 * run works, with less margin · `missing`: a run cannot work.
 */
export type InspectionState = 'good' | 'installable' | 'doubtful' | 'missing'

/** One row of the doctor's table. */
export interface Inspection {
  readonly what: string
  readonly why: string
  readonly wanted: string
  readonly found: string
  readonly state: InspectionState
  /** The one command, or one sentence, that makes it good; empty where it is. */
  readonly fix: string
}

const gibibyte = 1_024 ** 3
const diskBytesWanted = 2 * gibibyte
const memoryBytesWanted = 2 * gibibyte
const filesWanted = 4_096
const coresWanted = 2
const portsWanted = 8

/** Looks at everything; a few seconds at most. */
export async function inspectMachine(): Promise<readonly Inspection[]> {
  const [java, ports, ...found] = await Promise.all([
    inspectHostProgram('java'),
    inspectPorts(),
    ...toolNames.map(inspectTool),
  ])
  return [
    inspectNode(),
    java,
    ...found.flat(),
    inspectDisk(),
    inspectMemory(),
    inspectCores(),
    inspectFiles(),
    ports,
    inspectLeftovers(),
  ]
}

/** A tool; where it has to be installed, also the programs of the host that this needs. */
async function inspectTool(name: ToolName): Promise<readonly Inspection[]> {
  const { why, wanted, byHand, needs, isOnDemand } = tools[name]
  const row = { what: name, why, wanted }
  try {
    const found = await findTool(name)
    if (found !== undefined) {
      const where = `${found.version}, ${found.from} (${found.path})`
      return [{ ...row, found: where, state: 'good', fix: '' }]
    }
  } catch (error) {
    return [{ ...row, found: (error as Error).message, state: 'missing', fix: byHand }]
  }
  const lack = isOnDemand ? 'doubtful' : 'missing'
  const programs = await Promise.all(needs.filter(isNotJava).map(inspectHostProgram))
  const isPossible = programs.every(({ state }) => state === 'good')
  const user = isOnDemand ? 'the first scenario or command that needs it' : 'the next run'
  const fix = isPossible ? `nothing to do: ${user} installs it` : byHand
  const state = isPossible ? 'installable' : lack
  return [...(isOnDemand ? [] : programs), { ...row, found: 'not there', state, fix }]
}

/** Java has a row of its own: Kafka runs on it, however it came here. */
const isNotJava = (name: HostProgramName) => name !== 'java'

async function inspectHostProgram(name: HostProgramName): Promise<Inspection> {
  const { least, why, fix } = hostPrograms[name]
  const { path, version, isUsable } = await lookAtHostProgram(name)
  const found = path === undefined ? 'not on PATH' : `${version ?? 'no version'} (${path})`
  const row = { what: name, why, wanted: `${least} or newer`, found }
  return isUsable ? { ...row, state: 'good', fix: '' } : { ...row, state: 'missing', fix }
}

function inspectNode(): Inspection {
  return {
    what: 'node',
    why: 'runs the harness and the reference relay',
    wanted: `${pins.nodeMin} or newer`,
    found: `${process.versions.node} (${process.execPath})`,
    state: 'good',
    fix: '',
  }
}

function inspectDisk(): Inspection {
  const { bavail, bsize } = statfsSync(repoRoot)
  return quantity({
    what: 'free disk',
    why: "Kafka's log and the record of a run",
    least: diskBytesWanted,
    found: bavail * bsize,
    show: inGibibytes,
    fix: `make room on the disk of ${repoRoot}`,
  })
}

function inspectMemory(): Inspection {
  const constrained = process.constrainedMemory()
  const limit = constrained > 0 ? constrained : Infinity
  return quantity({
    what: 'free memory',
    why: 'Kafka, Redis, the relay, the fleet and the harness',
    least: memoryBytesWanted,
    found: Math.min(freemem(), limit, process.availableMemory()),
    show: inGibibytes,
    fix: 'end what else runs on this machine',
  })
}

function inspectCores(): Inspection {
  return quantity({
    what: 'cores',
    why: 'what measures must not wait for what is measured',
    least: coresWanted,
    found: availableParallelism(),
    show: String,
    fix: 'use a machine with more cores; verdicts on time may be unknown on this one',
  })
}

function inspectFiles(): Inspection {
  return quantity({
    what: 'open files',
    why: 'every client is a socket in three processes',
    least: filesWanted,
    found: openFilesMax(),
    show: String,
    fix: `ulimit -n ${filesWanted}`,
  })
}

async function inspectPorts(): Promise<Inspection> {
  const row = { what: 'loopback ports', why: 'every server gets its own', wanted: 'can be bound' }
  try {
    const held = await holdPorts(portsWanted, `doctor/${process.pid}`)
    await held.release()
    return { ...row, found: `bound ${held.ports.length} of 127.0.0.1`, state: 'good', fix: '' }
  } catch (error) {
    const fix = 'let this user bind ports from 20000 on of 127.0.0.1'
    return { ...row, found: (error as Error).message, state: 'missing', fix }
  }
}

function inspectLeftovers(): Inspection {
  const count = Math.max(orphanedLedgers().length, leftProjects(stateFolder).length)
  return {
    what: 'leftovers',
    why: 'processes, containers and folders of a harness that was killed',
    wanted: 'none',
    found: count === 0 ? 'none' : `of ${count} killed runs`,
    state: count === 0 ? 'good' : 'doubtful',
    fix: count === 0 ? '' : 'npm run chaos -- heal (the next run does it, too)',
  }
}

interface Quantity {
  readonly what: string
  readonly why: string
  readonly least: number
  readonly found: number
  readonly show: (amount: number) => string
  readonly fix: string
}

function quantity({ what, why, least, found, show, fix }: Quantity): Inspection {
  const isEnough = found >= least
  return {
    what,
    why,
    wanted: `${show(least)} or more`,
    found: show(found),
    state: isEnough ? 'good' : 'doubtful',
    fix: isEnough ? '' : fix,
  }
}

const inGibibytes = (bytes: number) => `${(bytes / gibibyte).toFixed(1)} GiB`

/** The limit that children inherit; unlimited if the system does not report one. */
function openFilesMax(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity)
  } catch {
    return Infinity
  }
}
