/**
 * SHA-256 (FIPS 180-4), because a state's hash must be computed in the browser too, where the
 * platform's own is asynchronous and a state guard cannot wait.
 */

const BLOCK_BYTES = 64
const K = firstPrimes(64).map((prime) => fraction32(Math.cbrt(prime)))
const INITIAL = firstPrimes(8).map((prime) => fraction32(Math.sqrt(prime)))

/** The 32-byte digest of `bytes`. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const state = Int32Array.from(INITIAL)
  const schedule = new Int32Array(64)
  const whole = bytes.length - (bytes.length % BLOCK_BYTES)
  for (let at = 0; at < whole; at += BLOCK_BYTES) compress(state, schedule, bytes, at)
  const tail = padded(bytes.subarray(whole), bytes.length)
  for (let at = 0; at < tail.length; at += BLOCK_BYTES) compress(state, schedule, tail, at)
  const digest = new DataView(new ArrayBuffer(32))
  state.forEach((word, index) => digest.setInt32(index * 4, word))
  return new Uint8Array(digest.buffer)
}

/** The last bytes, a one bit, zeros, and the length of everything in bits. */
function padded(rest: Uint8Array, totalBytes: number): Uint8Array {
  const block = new Uint8Array(rest.length + 9 <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES)
  block.set(rest)
  block[rest.length] = 0x80
  const view = new DataView(block.buffer)
  view.setUint32(block.length - 8, Math.floor(totalBytes / 0x2000_0000))
  view.setUint32(block.length - 4, (totalBytes * 8) >>> 0)
  return block
}

function compress(state: Int32Array, w: Int32Array, bytes: Uint8Array, at: number): void {
  expand(w, bytes, at)
  let [a, b, c, d, e, f, g, h] = state as unknown as Eight
  for (let t = 0; t < 64; t += 1) {
    const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const choice = (e & f) ^ (~e & g)
    const first = (h + sum1 + choice + (K[t] as number) + (w[t] as number)) | 0
    const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + sum0 + majority) | 0
  }
  const worked = [a, b, c, d, e, f, g, h]
  for (let index = 0; index < 8; index += 1) {
    state[index] = (state[index] as number) + (worked[index] as number)
  }
}

type Eight = [number, number, number, number, number, number, number, number]

function expand(w: Int32Array, bytes: Uint8Array, at: number): void {
  for (let t = 0; t < 16; t += 1) {
    const from = at + t * 4
    w[t] =
      ((bytes[from] as number) << 24) |
      ((bytes[from + 1] as number) << 16) |
      ((bytes[from + 2] as number) << 8) |
      (bytes[from + 3] as number)
  }
  for (let t = 16; t < 64; t += 1) {
    const early = w[t - 15] as number
    const late = w[t - 2] as number
    const sigma0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)
    const sigma1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)
    w[t] = (w[t - 16] as number) + sigma0 + (w[t - 7] as number) + sigma1
  }
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

/** The first 32 bits of the fraction: how the standard derives its constants. */
function fraction32(root: number): number {
  return ((root - Math.floor(root)) * 0x1_0000_0000) | 0
}

function firstPrimes(count: number): number[] {
  const primes: number[] = []
  for (let candidate = 2; primes.length < count; candidate += 1) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  }
  return primes
}
