/** How fast the relay's memory grew, and its sentence. */
import { slopePerSecond, type Point } from '../reading/series.ts'

/** Share of the limit that the slope of the whole time must show as well. */
const wholeShare = 0.5

/** Slopes in bytes a second. */
export interface Growth {
  readonly whole: number
  readonly thirds: readonly number[]
}

/** Slopes of samples and of their thirds. */
export function growthOf(judged: readonly Point[]): Growth {
  const third = Math.floor(judged.length / 3)
  const thirds = [judged.slice(0, third), judged.slice(third, -third), judged.slice(-third)]
  return { whole: slopePerSecond(judged), thirds: thirds.map(slopePerSecond) }
}

export const slopesOf = ({ whole, thirds: [first = 0, second = 0, last = 0] }: Growth) => ({
  slopeBytesPerSecond: Math.round(whole),
  slopeOfFirstThirdBytesPerSecond: Math.round(first),
  slopeOfSecondThirdBytesPerSecond: Math.round(second),
  slopeOfLastThirdBytesPerSecond: Math.round(last),
})

const isSteepInTwo = ({ thirds }: Growth, limit: number): boolean =>
  thirds.filter((one) => one > limit).length > 1

/** Whether it grew by more than `limit` in two of its thirds, and by half of it over all. */
export const isLasting = (growth: Growth, limit: number): boolean =>
  isSteepInTwo(growth, limit) && growth.whole > wholeShare * limit

/** All slopes, with the limits of those that decide. */
export function growthText(growth: Growth, limit: number): string {
  const [unit, bytes] = paceUnit(limit)
  const text = (pace: number) => (Math.round((pace * 10) / bytes) / 10).toFixed(1)
  const signed = (pace: number) => `${Number(text(pace)) > 0 ? '+' : ''}${text(pace)}`
  const [first = '', second = '', last = ''] = growth.thirds.map(signed)
  const isSteep = isSteepInTwo(growth, limit)
  const isSteepInAll = growth.whole > wholeShare * limit
  const ofWhole = isSteep ? ` (limit ${text(wholeShare * limit)})` : ''
  const ofThirds = isSteep && !isSteepInAll ? '' : ` (limit ${text(limit)} in two of three)`
  return (
    `${signed(growth.whole)} ${unit} overall${ofWhole}, ` +
    `${first}, ${second} and ${last} in thirds of the time${ofThirds}`
  )
}

/** KiB/s below 0.1 MiB/s, which is the precision of a sentence. */
const paceUnit = (limit: number): readonly [name: string, bytes: number] =>
  limit < 104_858 ? ['KiB/s', 1_024] : ['MiB/s', 1_048_576]
