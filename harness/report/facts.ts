/**
 * Facts for people: names become words, and units go to the amounts. A name ends with its unit
 * (`slowestMs`, `peakBytes`, `limitBytesPerSecond`, `lastHealAt`); a name without one is a count.
 */
import type { Fact } from '../../reports/render/model.ts'

/** Facts by name; an amount is shown in units that people read. */
export const factsOf = (all: Readonly<Record<string, unknown>>): Fact[] =>
  Object.entries(all).map(([name, value]) => [name, sayValue(name, value)])

/** The same for facts that need no code name: names are words, without their units. */
export const inWords = (all: Readonly<Record<string, unknown>>): Fact[] =>
  factsOf(all).map(([name, value]) => [wordsOf(name), value])

const kibibyte = 1_024
const byteUnits = ['B', 'KiB', 'MiB', 'GiB'] as const

/** Units by what a name ends in, or has in it; the first that fits. */
const units: readonly (readonly [name: RegExp, say: (amount: number) => string])[] = [
  [/^pid$/, String],
  [/At$|^at$/, (micros) => `${(micros / 1_000_000).toFixed(2)} s`],
  [/Ms(?:Min|Max)?$/, (ms) => `${rounded(ms)} ms`],
  [/Seconds$/, (amount) => `${rounded(amount)} s`],
  [/kilobytesPerSecond/i, (amount) => `${rounded(amount)} kB/s`],
  [/bytesPerSecond/i, (amount) => `${sayBytes(amount)}/s`],
  [/bytes/i, sayBytes],
]

export function sayValue(name: string, value: unknown): string {
  if (value === null || value === '') return 'none'
  if (typeof value === 'string') return value
  if (typeof value !== 'number') return JSON.stringify(value)
  const [, say] = units.find(([ending]) => ending.test(name)) ?? [undefined, rounded]
  return say(value)
}

const rounded = (amount: number): string =>
  (Number.isInteger(amount) ? amount : Number(amount.toPrecision(4))).toLocaleString('en')

/** In the largest unit with a value of at least 1. */
function sayBytes(bytes: number): string {
  const size = Math.max(Math.abs(bytes), 1)
  const power = Math.min(Math.floor(Math.log(size) / Math.log(kibibyte)), byteUnits.length - 1)
  if (power === 0) return `${rounded(bytes)} B`
  return `${(bytes / kibibyte ** power).toFixed(1)} ${byteUnits[power]}`
}

function wordsOf(name: string): string {
  const bare = name.replace(/(?<=.)(?:Ms|Seconds|BytesPerSecond|Bytes)$/, '')
  const words = bare.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.replace(/^kilobytes per second/, 'bandwidth').replace(/^bytes per second/, 'rate')
}
