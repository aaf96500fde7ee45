/**
 * `npm run bench [names]`: the relay and a baseline relay, in the same run, in turns, so that the
 * ratio is meaningful on any machine.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { orAborted } from '../../relay/world/deadline.ts'
import { UsageError } from '../world/exit-codes.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { startNativeStack } from '../stack/native.ts'
import { openWorld } from '../world/world.ts'
import { candidates, type Candidate } from './candidates.ts'
import { judge, perCpuRatio, refusal } from './judge.ts'
import { type BenchLoad, type BenchName, benchDefault, benchLoads } from './loads.ts'
import { measure } from './measure.ts'
import type { BenchPlace } from './site.ts'
import { headLine, tableOf, verdictLines, type LoadResult } from './table.ts'

export interface BenchOptions {
  /** Whether to tell where the relay's time goes. Its numbers are those of a profiled relay. */
  readonly profile?: boolean
  /** The JSON file; by default one in reports/runs, named by the time. */
  readonly out?: string
}

/** @returns the exit code: a bench measures, it does not judge */
export async function bench(
  given: CommandWorld,
  names: readonly string[],
  { profile: isProfiled = false, out }: BenchOptions = {},
): Promise<number> {
  const chosen = chooseLoads(names)[Symbol.iterator]()
  const say = (line: string) => given.out.write(`${line}\n`)
  const next = () => chosen.next().value
  const results = await benchEach(given, next, { isProfiled, say })
  for (const line of tableOf(results)) say(line)
  const atMs = given.clock.unixMs()
  say(`\n${await saveBench(out ?? defaultFile(atMs), atMs, results)}`)
  return 0
}

export interface BenchOrder {
  readonly isProfiled: boolean
  readonly say: (line: string) => void
  /** Ends the bench; what was measured before stays measured. */
  readonly signal?: AbortSignal
}

/** Measures one load after another, as long as `next` names one. */
export async function benchEach(
  { clock }: Pick<CommandWorld, 'clock'>,
  next: () => BenchName | undefined,
  { isProfiled, say, signal = new AbortController().signal }: BenchOrder,
): Promise<LoadResult[]> {
  const world = await openWorld(clock)
  const results: LoadResult[] = []
  try {
    const stack = await startNativeStack({ world, report: say })
    const place = { world, stack, logFolder: world.makeFolder('bench'), isProfiled }
    for (let name = next(); name !== undefined; name = next()) {
      const load = runLoad(place, say, name, benchLoads[name])
      // What is ended in its midst breaks when its processes are ended with the world.
      load.catch(() => undefined)
      results.push(await orAborted(signal, load))
    }
    await stack.stop()
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await world.close()
  }
  return results
}

/** `relay` alone stands for everything; other words are names of loads. */
function chooseLoads(names: readonly string[]): readonly BenchName[] {
  const known = Object.keys(benchLoads) as BenchName[]
  if (names.length === 0) return benchDefault
  if (names.length === 1 && names[0] === 'relay') return known
  const unknown = names.find((name) => !known.includes(name as BenchName))
  if (unknown === undefined) return names as readonly BenchName[]
  throw new UsageError(`no load "${unknown}"; there are: relay (all), ${known.join(', ')}`)
}

async function runLoad(
  place: BenchPlace,
  say: (line: string) => void,
  name: string,
  load: BenchLoad,
): Promise<LoadResult> {
  say(`\n${headLine(name, load)}`)
  const measured = {} as Record<Candidate, Awaited<ReturnType<typeof measure>>>
  for (const who of candidates) measured[who] = await measure(place, who, name, load)
  const { relay, plain } = measured
  const result: LoadResult = {
    name,
    says: load.says,
    clients: load.clients,
    relay,
    plain,
    perCpuRatio: load.kind === 'idle' ? undefined : perCpuRatio(relay, plain),
    refused: refusal(load, relay),
    goals: judge(load, relay, plain),
  }
  for (const line of verdictLines(result)) say(line)
  return result
}

const defaultFile = (atMs: number) =>
  fileURLToPath(new URL(`../../reports/runs/bench-${atMs}.json`, import.meta.url))

const machine = () => ({ node: process.version, cpus: cpus().map(({ model }) => model) })

/** Writes the numbers, and returns where they are. */
export async function saveBench(
  file: string,
  atMs: number,
  results: readonly LoadResult[],
): Promise<string> {
  const content = { schema: 1, atMs, ...machine(), results }
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify(content, undefined, 2)}\n`)
  return file
}
