/**
 * Hostile frames as bytes of a connection, chosen, changed and split by dice, never the same twice.
 * A frame that may end the connection comes last in its burst, so that every frame that counts was
 * really read.
 */
import { clientOpcode, maskedFrame } from './frame-writer.ts'
import type { Dice } from '../world/dice.ts'
import { hostileFrames, type Frame } from './hostile-frames.ts'

export interface Burst {
  readonly bytes: Buffer
  /** Frames in it. */
  readonly count: number
  /** How many bytes at its beginning are to be written one by one. */
  readonly crumbs: number
  /** Whether the connection may be over after it. */
  readonly isRisky: boolean
}

const mask = Buffer.from([0x5a, 0x01, 0xfe, 0x33])
const fin = 0x80
/** Frames above it come rarely: they are about bytes, and there must be room for the others. */
const smallBytesMax = 4_096
const largeShare = 1 / 400
const riskyShare = 1 / 120
const framesMax = 200
const crumbsMax = 40
const printable = { first: 0x20, count: 0x5f }

const built = hostileFrames.map((row) => ({
  ...row.build(),
  mayStay: row.expectedReaction === 'ignored',
}))
type Choice = (typeof built)[number]
const isSmall = ({ bytes }: Choice) => bytes.length <= smallBytesMax
const ignored = built.filter(({ mayStay }) => mayStay)
const small = ignored.filter(isSmall)
const large = ignored.filter((one) => !isSmall(one))
const ending = built.filter(({ mayStay }) => !mayStay)

/** The next burst of one connection. */
export function nextBurst(chance: Dice): Burst {
  const frames: Buffer[] = []
  const wanted = 1 + chance.int(framesMax)
  let isRisky = false
  while (frames.length < wanted && !isRisky) {
    isRisky = chance.next() < riskyShare
    const isWhole = chance.int(10) === 0
    if (isRisky) frames.push(isWhole ? wire(chance, chance.pick(ending)) : broken(chance))
    else frames.push(wire(chance, chance.pick(chance.next() < largeShare ? large : small)))
  }
  const crumbs = chance.int(4) === 0 ? chance.int(crumbsMax) : 0
  return { bytes: Buffer.concat(frames), count: frames.length, crumbs, isRisky }
}

/** A whole message, perhaps with other characters in it, perhaps in fragments. */
function wire(chance: Dice, choice: Choice): Buffer {
  const { opcode } = choice
  const isMutable = choice.bytes.length > 0 && choice.bytes.length <= smallBytesMax
  const bytes = isMutable && chance.int(2) === 0 ? mutated(chance, choice.bytes) : choice.bytes
  return chance.int(4) === 0 ? fragmented(chance, opcode, bytes) : maskedFrame(opcode, bytes, mask)
}

/** Other characters in place of some, which is text as before wherever it was text. */
function mutated(chance: Dice, bytes: Buffer): Buffer {
  const other = Buffer.from(bytes)
  for (let change = 0; change <= chance.int(4); change += 1) {
    const at = chance.int(other.length)
    if (other[at]! < fin) other[at] = printable.first + chance.int(printable.count)
  }
  return other
}

/** The message in pieces, also of no bytes, and pings between them. */
function fragmented(chance: Dice, opcode: Frame['opcode'], bytes: Buffer): Buffer {
  const pieces: Buffer[] = []
  const step = Math.max(1, Math.ceil(bytes.length / (1 + chance.int(40))))
  for (let at = 0; at < bytes.length || pieces.length === 0; at += step) {
    const piece = maskedFrame(opcode, bytes.subarray(at, at + step), mask)
    const isLast = at + step >= bytes.length
    piece[0] = (at === 0 ? clientOpcode[opcode] : 0) | (isLast ? fin : 0)
    pieces.push(piece)
    if (!isLast && chance.int(8) === 0) pieces.push(maskedFrame('ping', Buffer.from('hm'), mask))
  }
  return Buffer.concat(pieces)
}

/** Bytes that break the protocol: a wrong header, too many fragments, half a frame, or anything. */
function broken(chance: Dice): Buffer {
  const whole = maskedFrame('text', chance.pick(small).bytes, mask)
  switch (chance.int(5)) {
    case 0:
      return whole.subarray(0, 1 + chance.int(whole.length))
    case 1:
      return Buffer.from(Array.from({ length: 1 + chance.int(400) }, () => chance.int(256)))
    case 2:
      return tooManyFragments()
    case 3:
      return maskedFrame('close', Buffer.from([chance.int(256), chance.int(256)]), mask)
    default:
      whole[chance.int(Math.min(whole.length, 8))] = chance.int(256)
      return whole
  }
}

function tooManyFragments(): Buffer {
  const empty = maskedFrame('text', Buffer.alloc(0), mask)
  empty[0] = 0
  const first = Buffer.from(empty)
  first[0] = clientOpcode.text
  return Buffer.concat([first, ...Array.from({ length: 1_100 }, () => empty)])
}
