/** The parts of a night, each with what it plays and its share of the time. */
import { join } from 'node:path'
import { scenarioNames } from '../../scenarios/index.ts'
import { benchEach, saveBench } from '../capacity/bench.ts'
import { benchLoads, type BenchName } from '../capacity/loads.ts'
import { goalLine, type LoadResult } from '../capacity/table.ts'
import type { Scenario } from '../dsl/scenario.ts'
import type { SuiteItem } from '../conductor/suite-order.ts'
import { defectNames, defects } from '../defects/index.ts'
import type { Hunted } from '../fuzz/hunt.ts'
import type { Found, Part, PartOutcome } from '../nightly/night.ts'
import type { Queue, Unit } from '../nightly/queue.ts'
import type { KeptSchedule, KeptSeed } from '../schedules/kept-seeds.ts'
import { dice } from '../world/dice.ts'
import { exitCodes } from '../world/exit-codes.ts'
import { Trouble } from '../world/trouble.ts'
import { fuzz } from './fuzz.ts'
import { itemUnit, playItems, type ItemUnit, type NightPlace } from './nightly-items.ts'
import { quoted } from './quoted.ts'
import { scheduleItems } from './random.ts'
import { defectItem, referenceItem } from './reproduce.ts'
import { selectScenarios } from './select.ts'
import { shrinking } from './shrink.ts'

/**
 * Weights of the shares. With an hour, the suite and the defects have what they need on two
 * cores, and random schedules get what those leave over.
 */
const weights = { kept: 10, suite: 25, defects: 35, loads: 10, fuzz: 5, random: 15 } as const
/** A load takes about so long, on the relay and on the baseline relay. */
const loadMs = 60_000
/** So long behind their share loads are ended: one that never ends is not waited for. */
const loadsOverdueMs = 120_000
/** Inputs are fed so long at least: fewer say nothing. */
const fuzzMsMin = 30_000
const fuzzMsMax = 600_000
/** The longest search for fewer parts of a schedule that failed. */
const shrinkMsMax = 300_000

/** All parts; what fails is told to `fails` with the seed to keep. */
export function nightParts(
  place: NightPlace,
  kept: readonly KeptSeed[],
  fails: (seed: KeptSeed) => void,
): Part[] {
  return [
    keptPart(place, kept),
    suitePart(place, fails),
    defectsPart(place),
    loadsPart(place),
    fuzzPart(place),
    randomPart(place, fails),
  ]
}

const scheduleItem = (scenario: Scenario, words: readonly string[], seed: string): SuiteItem => ({
  scenario,
  target: { kind: 'reference' },
  reproduce: ['npm run chaos -- run', ...words, '--seed', quoted(seed)].join(' '),
})

function keptPart(place: NightPlace, kept: readonly KeptSeed[]): Part {
  const { again } = scheduleItems(scheduleItem)
  const units = kept.map((one): ItemUnit => {
    if ('schedule' in one) return itemUnit(nameOfSchedule(one), again(one), one.seed)
    const name = scenarioNames.find((known) => known === one.scenario)
    if (name === undefined) throw noScenario(one.scenario)
    const item = { ...referenceItem(name, one.seed), seed: one.seed }
    return itemUnit(`${name} of seed ${one.seed}`, item, one.seed)
  })
  const says = 'what failed once, with its seed'
  const play = (queue: Queue) => playItems(place, { name: 'kept', title: 'Kept seeds' }, queue)
  return { name: 'kept', says, weight: weights.kept, units, play }
}

const noScenario = (name: string) =>
  new Trouble(
    'record-unreadable',
    `reports/seeds.json names the scenario ${name}, which there is not`,
    'write its name of today, or remove the seed',
  )

const nameOfSchedule = ({ seed, schedule, parts }: KeptSchedule) =>
  `random-${schedule}${parts === undefined ? '' : ` parts ${parts.join(',')}`} of seed ${seed}`

function suitePart(place: NightPlace, fails: (seed: KeptSeed) => void): Part {
  const { seed } = place
  const names = new Set(selectScenarios([], 'nightly').map(({ name }) => name))
  const units = scenarioNames
    .filter((name) => names.has(name))
    .map((name) => itemUnit(name, referenceItem(name, seed), seed))
  const failed = ({ name }: Unit, _: unknown, says: string) =>
    fails({ scenario: name, seed, says: says.slice(0, saysCharactersMax) })
  return {
    name: 'suite',
    says: 'every scenario of the suite nightly',
    weight: weights.suite,
    units,
    play: (queue) => playItems(place, { name: 'suite', title: 'Nightly suite', failed }, queue),
  }
}

/** Of what was wrong with a kept seed. */
const saysCharactersMax = 300

function defectsPart(place: NightPlace): Part {
  const units = defectNames.map((name) => itemUnit(name, defectItem(name, place.seed), place.seed))
  const count = Object.keys(defects).length
  return {
    name: 'defects',
    says: `each of ${count} defects, to be caught by its scenario for its reason`,
    weight: weights.defects,
    units,
    play: (queue) => playItems(place, { name: 'defects', title: 'Defects' }, queue),
  }
}

function randomPart(place: NightPlace, fails: (seed: KeptSeed) => void): Part {
  const { given, seed } = place
  const { itemOf, shrinkable } = scheduleItems(scheduleItem)
  const more = (number: number) => itemUnit(`random-${number}`, itemOf(seed, number), seed)
  const play = (queue: Queue): Promise<PartOutcome> =>
    playItems(
      place,
      {
        name: 'random',
        title: 'Random schedules',
        afterwards: (shown) =>
          shrinking({
            clock: given.clock,
            signal: given.signal,
            // No search goes on for longer than the night.
            get limitMs() {
              return Math.min(shrinkMsMax, queue.nightLeftMs())
            },
            shrinkable,
            line: (text) => shown.line(text),
          }),
        failed: ({ name }, { smaller }, says) =>
          fails({
            seed,
            schedule: Number(name.replace('random-', '')),
            ...partsIn(smaller?.reproduce),
            says: says.slice(0, saysCharactersMax),
          }),
      },
      queue,
    )
  const says = 'new random schedules, as many as fit'
  return { name: 'random', says, weight: weights.random, units: [], more, play }
}

/** The parts that were enough, as our own command names them. */
export function partsIn(command: string | undefined): { parts?: number[] } {
  const [, text] = /--parts ([\d,]+)/.exec(command ?? '') ?? []
  return text === undefined ? {} : { parts: text.split(',').map(Number) }
}

function loadsPart(place: NightPlace): Part {
  const units = (Object.keys(benchLoads) as BenchName[]).map((name): Unit => ({
    name,
    reproduce: `npm run bench -- ${name}`,
    estimatedMs: loadMs,
  }))
  return {
    name: 'loads',
    says: 'each load of the bench, the relay against the baseline relay',
    weight: weights.loads,
    units,
    async play(queue) {
      const { given, folder, line } = place
      const next = () => queue.next()?.name as BenchName | undefined
      const late = new AbortController()
      const untilMs = Math.min(queue.shareLeftMs() + loadsOverdueMs, queue.nightLeftMs())
      const timer = given.clock.after(untilMs, () => late.abort(new Error('it took too long')))
      const signal = AbortSignal.any([given.signal, late.signal])
      const results = await benchEach(given, next, { isProfiled: false, say: line, signal })
      timer.cancel()
      queue.ended()
      if (results.length > 0) {
        await saveBench(join(folder, 'loads/loads.json'), given.clock.unixMs(), results)
      }
      const found = queue.taken.flatMap((unit) => {
        const result = results.find(({ name }) => name === unit.name)
        return result === undefined ? [] : [foundOfLoad(unit, result, queue.tookMs(unit))]
      })
      const trouble = late.signal.aborted ? 'a load did not end in its time' : undefined
      return {
        found,
        ...(results.length > 0 && { report: 'loads/loads.json' }),
        ...(trouble !== undefined && { trouble }),
      }
    },
  }
}

/** Only goals for every host decide: those of a quick one are told. */
export function foundOfLoad(unit: Unit, result: LoadResult, tookMs = 0): Found {
  const { relay, refused, goals } = result
  const own = goals.filter(({ isForEveryHost }) => isForEveryHost)
  const isMissed = own.some(({ isMet }) => isMet === false)
  const isOpen = own.some(({ isMet }) => isMet === undefined)
  const numbers = result.perCpuRatio === undefined ? [] : [`p99 ${relay.p99.toFixed(1)} ms`]
  const none = own.length === 0 ? ['measured; it has no goal for every host'] : []
  const base = {
    unit,
    took: tookMs / 1_000,
    memoryBytes: relay.rssBytes,
    ...(Number.isFinite(relay.p99) && relay.p99 > 0 && { p99Ms: relay.p99 }),
  }
  if (refused !== undefined) return { ...base, outcome: 'unknown', why: `no result: ${refused}` }
  const why = [...none, ...goals.map(goalLine), ...numbers].join('; ')
  if (isMissed) return { ...base, outcome: 'fail', why }
  if (isOpen) return { ...base, outcome: 'unknown', why }
  return { ...base, outcome: own.length === 0 ? 'not-applicable' : 'pass', why }
}

function fuzzPart(place: NightPlace): Part {
  const seed = String(dice(`${place.seed}/fuzz`).int(2 ** 31))
  const reproduce = `npm run chaos -- fuzz relay --seed ${seed}`
  return {
    name: 'fuzz',
    says: 'expensive and malformed input; what was kept of it before comes first',
    weight: weights.fuzz,
    units: [{ name: 'relay', seed, reproduce, estimatedMs: fuzzMsMin }],
    isElastic: true,
    play: (queue) => playFuzz(place, queue, seed),
  }
}

async function playFuzz(place: NightPlace, queue: Queue, seed: string): Promise<PartOutcome> {
  const unit = queue.next()
  if (unit === undefined) return { found: [] }
  const wantedMs = Math.min(fuzzMsMax, Math.max(fuzzMsMin, queue.shareLeftMs()))
  const time = `${Math.floor(wantedMs / 1_000)}s`
  place.line(`feeding the relay for ${time}`)
  let text = ''
  const out = { ...place.given.out, write: (more: string) => void (text += more) }
  const options = { for: time, seed, json: true, out: join(place.folder, 'fuzz') }
  const code = await fuzz({ ...place.given, out }, 'relay', options)
  queue.ended()
  return {
    found: [
      {
        unit,
        took: (queue.tookMs(unit) ?? 0) / 1_000,
        folder: 'fuzz',
        reproduce: `${unit.reproduce} --for ${time}`,
        ...toldOfFuzz(JSON.parse(text) as Hunted, code),
      },
    ],
  }
}

function toldOfFuzz(hunted: Hunted, code: number): Pick<Found, 'outcome' | 'why'> {
  const { findings, inputs, once } = hunted
  const count = `${inputs} inputs were fed`
  if (code === exitCodes.fail.code) {
    const wrong = findings.map(({ wrong: what, file }) => `${what} (kept as ${file})`)
    return { outcome: 'fail', why: `${count}: ${wrong.join('; ')}` }
  }
  if (code === exitCodes.pass.code) {
    return { outcome: 'pass', why: `${count}, and the relay stood them.${sayOnce(once)}` }
  }
  return { outcome: 'unknown', why: `${count}, and too little was seen to tell.` }
}

const sayOnce = (once: readonly string[]) =>
  once.length === 0 ? '' : ` Failed once and not again: ${once.length}.`
