/** Counts in bins of equal width: what a rate is drawn from. */

/**
 * Sums `counted` pairs of time and count into bins from 0 to `end`.
 *
 * @returns the middle of each bin, and its sum; all times in the same unit
 */
export function resampled(
  counted: Iterable<readonly [t: number, count: number]>,
  end: number,
  width: number,
): { t: number[]; sums: number[] } {
  const bins = Math.ceil(end / width)
  const sums = Array.from({ length: bins }, () => 0)
  for (const [t, count] of counted) {
    const bin = Math.floor(t / width)
    if (bin >= 0 && bin < bins) sums[bin] = (sums[bin] ?? 0) + count
  }
  return { t: sums.map((_, bin) => (bin + 0.5) * width), sums }
}
