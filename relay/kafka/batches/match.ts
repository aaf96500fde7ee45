/** Shared by LZ4 and Snappy: copies of bytes that were written before. */

/** Below this a loop is faster than a call into the runtime. */
const callBytes = 32

/** Copies `length` bytes of `from` to `out` at `at`. */
export function copyLiteral(
  out: Buffer,
  at: number,
  from: Buffer,
  start: number,
  length: number,
): void {
  if (length >= callBytes) from.copy(out, at, start, start + length)
  else for (let back = 0; back < length; back += 1) out[at + back] = from[start + back]!
}

/** Appends `length` bytes from `distance` before `at`; source and target may overlap. */
export function copyMatch(out: Buffer, at: number, distance: number, length: number): void {
  const start = at - distance
  if (length < callBytes) {
    for (let next = 0; next < length; next += 1) out[at + next] = out[start + next]!
    return
  }
  // The repeated part is doubled: `done` bytes from `start` on are already there.
  let done = distance
  while (done < length + distance) {
    const more = Math.min(done, length + distance - done)
    out.copyWithin(start + done, start, start + more)
    done += more
  }
}
