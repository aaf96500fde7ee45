/**
 * `chaos fuzz relay`: feeds a relay with inputs that are valid and expensive, or malformed, and
 * watches its event loop and its memory. Inputs that it fails on are shrunk and kept.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { partitions, rssBytesMax, turnMsMax } from '../fuzz/place.ts'
import { hunt, type Hunted } from '../fuzz/hunt.ts'
import { stepKinds, type StepKind } from '../fuzz/steps.ts'
import { vectorFolder } from '../fuzz/vectors.ts'
import { startNativeStack } from '../stack/native.ts'
import { selectTarget } from '../targets/registry.ts'
import { openWorld } from '../world/world.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { exitCodes, UsageError } from '../world/exit-codes.ts'
import { runFolder } from '../report/outcome.ts'
import { known as nameIn } from '../world/nearest.ts'
import { durationOf } from './duration.ts'

export interface FuzzOptions {
  readonly for: string
  readonly seed?: string
  readonly vectors?: string
  readonly kinds?: string
  readonly defect?: string
  readonly out?: string
  readonly json?: boolean
}

/** With this share of void watchdog requests, nothing was watched. */
const voidShareMax = 0.5
const MiB = 1_048_576

/** @returns 0 if the relay handled everything, 1 for a finding, 2 if too little was seen */
export async function fuzz(
  given: CommandWorld,
  what: string,
  options: FuzzOptions,
): Promise<number> {
  if (what !== 'relay') throw new UsageError(`only "relay" can be fuzzed, not "${what}"`)
  const limitMs = durationOf(options.for)
  const seed = seedOf(options.seed)
  const { defect } = options
  const spec = selectTarget(defect === undefined ? {} : { defect })
  const kinds = kindsOf(options.kinds)
  const folder = resolve(options.out ?? runFolder(given.clock.unixMs(), `fuzz-${seed}`))
  mkdirSync(folder, { recursive: true })
  const say = (line: string) => void (options.json || given.out.write(`${line}\n`))
  say(`fuzzing the relay for ${options.for}, seed ${seed}; logs in ${folder}`)
  const world = await openWorld(given.clock)
  try {
    const stack = await startNativeStack({ world, report: () => undefined, logFolder: folder })
    const site = { world, stack, spec, logFolder: folder }
    const vectors = options.vectors === undefined ? vectorFolder : resolve(options.vectors)
    const plan = { seed, limitMs, vectorFolder: vectors, kinds, signal: given.signal, say }
    const hunted = await hunt(site, plan)
    if (options.json) given.out.write(`${JSON.stringify({ seed, partitions, ...hunted })}\n`)
    else say(summary(hunted))
    return codeOf(hunted, given.signal.aborted)
  } finally {
    await world.close()
  }
}

function seedOf(text: string | undefined): number {
  if (text === undefined) return randomBytes(4).readInt32BE()
  const seed = Number(text)
  if (text !== '' && Number.isInteger(seed) && Math.abs(seed) < 2 ** 31) return seed
  throw new UsageError(`--seed takes a whole number of 32 bits, not "${text}"`)
}

const kindsOf = (text: string | undefined): readonly StepKind[] =>
  text === undefined
    ? stepKinds
    : text.split(',').map((name) => nameIn('kind of input', name, stepKinds))

function summary(hunted: Hunted): string {
  const { inputs, vectors, refused, asked, voided, findings, once } = hunted
  const mib = Math.round(hunted.rssBytesMax / MiB)
  return [
    `${inputs} inputs, ${vectors} of them kept from before; Kafka refused ${refused} steps`,
    `most CPU between a request and its answer: ${Math.round(hunted.slowestTurnMs)} ms ` +
      `(limit ${turnMsMax}), longest answer ${Math.round(hunted.slowestMs)} ms`,
    `most memory: ${mib} MiB (limit ${rssBytesMax / MiB})`,
    `failed once and not again: ${once.length}`,
    `${asked} requests, ${voided} of them while the watchdog itself was paused`,
    findings.length === 0 ? 'no finding' : `${findings.length} findings, see above`,
  ].join('\n')
}

function codeOf({ findings, asked, voided, inputs }: Hunted, isInterrupted: boolean): number {
  if (findings.length > 0) return exitCodes.fail.code
  const isWatched = inputs > 0 && asked > 0 && voided < voidShareMax * asked
  return exitCodes[isInterrupted || !isWatched ? 'unknown' : 'pass'].code
}
