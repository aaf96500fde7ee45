/**
 * `npm run bench [names]`: the relay beside a plain fan-out, in the same run, in turns, so that the
 * ratio says something on whatever machine it is.
 */
import { UsageError } from '../cli/exit-codes.ts'
import type { CommandWorld } from '../cli/command-world.ts'
import { startNativeStack } from '../stack/native.ts'
import { openWorld } from '../world/world.ts'
import { contestants, type Contestant } from './contestants.ts'
import { type BenchLoad, type BenchName, benchDefault, benchLoads } from './loads.ts'
import { measure, type BenchPlace, type Measurement } from './measure.ts'

/** @returns the exit code: a bench measures, it does not judge */
export async function bench(given: CommandWorld, names: readonly string[]): Promise<number> {
  const chosen = chooseLoads(names)
  const world = await openWorld(given.clock)
  const say = (line: string) => given.out.write(`${line}\n`)
  try {
    const stack = await startNativeStack({ world, report: say })
    const place = { world, stack, logFolder: world.makeFolder('bench') }
    for (const name of chosen) await runLoad(place, say, name, benchLoads[name])
    await stack.stop()
  } finally {
    await world.close()
  }
  return 0
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
): Promise<void> {
  say(`\n${name}: ${load.says}`)
  const results = new Map<Contestant, Measurement>()
  for (const who of contestants) {
    const result = await measure(place, who, name, load)
    results.set(who, result)
    say(`  ${who.padEnd(6)} ${load.kind === 'idle' ? idleLine(result) : lineOf(result)}`)
  }
  const [relay, plain] = [results.get('relay')!, results.get('plain')!]
  if (load.kind !== 'idle') say(`  ${ratioLine(relay, plain)}`)
  say(`  ${goalLine(load, relay)}`)
}

const perCpu = ({ deliveries, cpuSeconds }: Measurement) => deliveries / cpuSeconds
const whole = (value: number) => Math.round(value).toLocaleString('en')
const mebibytes = ({ rssBytes }: Measurement) => `${whole(rssBytes / 1_048_576)} MiB`
const ms = (value: number) => `${value.toFixed(1)} ms`

function lineOf(one: Measurement): string {
  const lost = one.expected - one.deliveries
  return [
    `${whole(perCpu(one))} deliveries/CPU-s`,
    `${whole(one.deliveries / one.seconds)}/s`,
    `cpu ${((100 * one.cpuSeconds) / one.seconds).toFixed(0)} %`,
    `p50 ${ms(one.p50)}, p99 ${ms(one.p99)}, p99.9 ${ms(one.p999)}`,
    `lost ${whole(lost)}`,
    `closed ${one.closed}`,
    `rss ${mebibytes(one)}`,
  ].join(' · ')
}

const idleLine = (one: Measurement) =>
  `${whole(one.bytesEach ?? 0)} bytes each · closed ${one.closed} · rss ${mebibytes(one)}`

const ratioLine = (relay: Measurement, plain: Measurement) =>
  `relay against plain: ${(perCpu(relay) / perCpu(plain)).toFixed(1)} x deliveries/CPU-s, ` +
  `p99 ${ms(relay.p99)} against ${ms(plain.p99)}`

const met = (isMet: boolean) => (isMet ? 'met' : 'NOT met')

function goalLine(load: BenchLoad, relay: Measurement): string {
  const goals: string[] = []
  if (load.kind === 'idle') {
    const isSmall = (relay.bytesEach ?? 0) <= load.goalBytes
    goals.push(`<= ${whole(load.goalBytes)} bytes: ${met(isSmall)}`)
  }
  if (load.goal !== undefined) {
    goals.push(`>= ${whole(load.goal)} deliveries/CPU-s: ${met(perCpu(relay) >= load.goal)}`)
  }
  if (load.goalP50Ms !== undefined && load.goalP99Ms !== undefined) {
    const isFast = relay.p50 <= load.goalP50Ms && relay.p99 <= load.goalP99Ms
    goals.push(`p50 <= ${load.goalP50Ms} ms and p99 <= ${load.goalP99Ms} ms: ${met(isFast)}`)
  }
  return `goal ${goals.join(' · ') || '(none)'}`
}
