/** What `run` and `reproduce` have in common: a world, a stack, a suite, a report. */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { payLeftDebts } from '../conductor/heal.ts'
import { playSuite, type SuiteItem, type SuiteResult } from '../conductor/suite.ts'
import type { Report } from '../../reports/render/model.ts'
import { startNativeStack } from '../stack/native.ts'
import type { Stack } from '../stack/stack.ts'
import { stateFolder } from '../world/places.ts'
import { openWorld, type World } from '../world/world.ts'
import type { CommandWorld } from './command-world.ts'
import { openConsole, type Console } from './console.ts'
import { modelOf, runFolder, writeReport } from './outcome.ts'

export interface PlayOptions {
  readonly seed?: string
  /** Folder for the record; made if it is not there. */
  readonly out?: string
  readonly json?: boolean
}

export interface Performance {
  readonly results: readonly SuiteResult[]
  readonly report: Report
  /** Path of the page for people. */
  readonly page: string
  readonly isInterrupted: boolean
}

/** What to play once the seed is known, and how to call it. */
export interface Programme {
  readonly title: string
  readonly items: (seed: string) => readonly SuiteItem[]
  readonly reproduce: (seed: string) => string
}

/** Plays a programme from nothing to a report. Nothing is left running, whatever happens. */
export async function play(
  given: CommandWorld,
  options: PlayOptions,
  programme: Programme,
): Promise<Performance> {
  const startedMs = given.clock.nowMs()
  const seed = options.seed ?? randomBytes(4).toString('hex')
  const folder = resolve(options.out ?? runFolder(given.clock.unixMs(), seed))
  mkdirSync(folder, { recursive: true })
  const silent = { ...given.out, isTerminal: false, write: () => undefined }
  const shown = openConsole(given.clock, options.json ? silent : given.out)
  const world = await openWorld(given.clock)
  try {
    await tellLeftovers(world, shown)
    const stack = await startStack(world, shown, folder)
    const order = { seed, folder, stack, report: shown.report, signal: given.signal }
    const results = await playSuite(world, { ...order, items: programme.items(seed) })
    const head = {
      title: programme.title,
      seed,
      reproduce: programme.reproduce(seed),
      tookMs: Math.round(given.clock.nowMs() - startedMs),
    }
    const report = modelOf(head, results)
    const page = writeReport(folder, report)
    return { results, report, page: relative('', page), isInterrupted: given.signal.aborted }
  } finally {
    shown.close()
    await world.close()
  }
}

async function startStack(world: World, shown: Console, folder: string): Promise<Stack> {
  const beganMs = world.clock.nowMs()
  shown.line('starting Kafka, Redis and Toxiproxy on loopback')
  const stack = await startNativeStack({
    world,
    report: (says) => shown.report({ at: 'step', says }),
    logFolder: `${folder}/stack-logs`,
  })
  const versions = Object.entries(stack.versions).map(([name, version]) => `${name} ${version}`)
  const tookSeconds = ((world.clock.nowMs() - beganMs) / 1_000).toFixed(1)
  shown.line(`ready after ${tookSeconds} s: ${versions.join(', ')}`)
  return stack
}

/** What an earlier, killed run left is cleaned up at every start; people are told of it. */
async function tellLeftovers(world: World, shown: Console): Promise<void> {
  const { ended, removed, left } = world.swept
  const healed = await payLeftDebts(world.clock, stateFolder)
  const cleaned = [...ended, ...removed, ...healed.mended]
  if (cleaned.length > 0) shown.line(`cleaned up after a killed run: ${cleaned.join(', ')}`)
  for (const one of [...left, ...healed.left]) shown.line(`could not clean up: ${one}`)
}
