/**
 * Chance, handed in. Every random choice of a run follows from its seed, so that a run can be
 * repeated and any reader can recompute what any writer drew. Not for secrets.
 *
 * The generator is sfc32 (Chris Doty-Humphrey's PractRand), its state a 128-bit hash of the seed's
 * text. Making dice costs about a microsecond: give each position its own,
 * `dice(`${seed}/${thread}/${sequence}`)`, and no order of calls matters any more.
 */

/** Numbers that follow from a seed; each call moves on. */
export interface Dice {
  /** A number in [0, 1), in steps of 2^-32. */
  next(): number
  /** A whole number in [0, maxExclusive); `maxExclusive` is a whole number from 1 to 2^32. */
  int(maxExclusive: number): number
  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T
  /** Dice of their own, that depend on the seed and `name` only, not on what was drawn so far. */
  child(name: string): Dice
}

/** What a random fault or stimulus is drawn from. */
export interface DrawnFrom {
  readonly dice: Dice
  /** Groups of clients that may be hit. */
  readonly groups: readonly string[]
}

/** Draws thrown away at the start, so that seeds that differ in one bit have parted by then. */
const warmUpDraws = 12
const range = 2 ** 32

/** Dice for `seed`; the same text gives the same numbers on every machine and in every version. */
export function dice(seed: string): Dice {
  const draw = sfc32(hash128(seed))
  const int = (maxExclusive: number) => {
    if (!(Number.isInteger(maxExclusive) && maxExclusive >= 1 && maxExclusive <= range)) {
      throw new RangeError(`dice need a whole number from 1 to 2^32 as bound, got ${maxExclusive}`)
    }
    return Math.floor((draw() / range) * maxExclusive)
  }
  return {
    next: () => draw() / range,
    int,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new RangeError('dice cannot pick from an empty list')
      return items[int(items.length)] as T
    },
    child: (name) => dice(`${seed}/${name}`),
  }
}

type State = readonly [number, number, number, number]

/** Whole numbers in [0, 2^32): three words of chaotic state and a counter, period at least 2^32. */
function sfc32([first, second, third, start]: State): () => number {
  let a = first
  let b = second
  let c = third
  let counter = start
  const draw = () => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let n = 0; n < warmUpDraws; n++) draw()
  return draw
}

/** Four FNV-1a lanes with different primes over UTF-16 units, crossed, finished as in Murmur3. */
function hash128(text: string): State {
  let a = 0x811c9dc5
  let b = 0x9e3779b9
  let c = 0x85ebca6b
  let d = 0xc2b2ae35
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ unit, 0x5bd1e995) ^ (a >>> 15)
    c = Math.imul(c ^ unit, 0x1b873593) ^ (b >>> 13)
    d = Math.imul(d ^ unit, 0x27d4eb2f) ^ (c >>> 16)
  }
  return [finish(a ^ d), finish(b ^ a), finish(c ^ b), finish(d ^ c ^ text.length)]
}

/** Spreads every bit of a word over all of it. */
function finish(word: number): number {
  let mixed = word ^ (word >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
