/** Amounts as people read them: `2 s`, `32 MiB`, `10,000`. Exact; what is not round stays long. */

const byteUnits = [
  ['GiB', 1_024 ** 3],
  ['MiB', 1_024 ** 2],
  ['KiB', 1_024],
] as const
const timeUnits = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

export const sayNumber = (amount: number): string => amount.toLocaleString('en-US')

/** The largest unit that the amount is a multiple of, so 1,500 ms stays as it is. */
export const sayBytes = (bytes: number): string => inUnits(bytes, byteUnits, 'bytes')
export const sayMs = (ms: number): string => inUnits(ms, timeUnits, 'ms')

/** Seconds for windows of a run: `13 s`, `4.2 s`. */
export const saySeconds = (ms: number): string => `${Number((ms / 1_000).toFixed(1))} s`

function inUnits(
  amount: number,
  units: readonly (readonly [string, number])[],
  smallest: string,
): string {
  if (amount === 0) return '0'
  const fit = units.find(([, size]) => amount >= size && amount % size === 0)
  return fit === undefined
    ? `${sayNumber(amount)} ${smallest}`
    : `${sayNumber(amount / fit[1])} ${fit[0]}`
}
