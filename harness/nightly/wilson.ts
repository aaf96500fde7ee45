/**
 * The interval in which a rate lies that was seen a few times only: Wilson's score interval
 * (1927), which stays within 0 and 1 and says something of none and of all, as the common
 * `rate ± error` does not.
 */

/** Quantile of the normal distribution that leaves 2.5 % above it: 95 % lie between. */
const z = 1.959_963_984_540_054

/** From and to, both from 0 to 1; of nothing, all of it. */
export function wilson(count: number, of: number): readonly [from: number, to: number] {
  if (of === 0) return [0, 1]
  const rate = count / of
  const square = (z * z) / of
  const middle = (rate + square / 2) / (1 + square)
  const half = (z * Math.sqrt((rate * (1 - rate)) / of + (square / of) * 0.25)) / (1 + square)
  // At the ends the formula gives them, but for the rounding.
  return [count === 0 ? 0 : middle - half, count === of ? 1 : middle + half]
}
