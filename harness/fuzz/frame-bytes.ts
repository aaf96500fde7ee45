/** The frames of a step, as bytes of one connection. */
import { clientOpcode, maskedFrame } from '../wire/frame-writer.ts'
import { nextBurst } from '../wire/hostile-bursts.ts'
import { dice } from '../world/dice.ts'
import type { Step } from './steps.ts'

const mask = Buffer.from([0x5a, 0x01, 0xfe, 0x33])
const fin = 0x80
/** The largest control frame that the protocol allows. */
const textBytesMax = 1_048_576

export type FrameStep = Extract<Step, { at: unknown }>

/** Bytes, and whether they may swallow what is sent behind them. */
export interface Frames {
  readonly bytes: Buffer
  readonly isRisky: boolean
}

const text = (content: string) =>
  maskedFrame('text', Buffer.from(content).subarray(0, textBytesMax), mask)
const named = (count: number, nameOf: (at: number) => string, offset: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [nameOf(at), offset]))

export function framesOf(step: FrameStep): Frames {
  if (step.does !== 'burst') return { bytes: once(step), isRisky: false }
  const { bytes, isRisky } = nextBurst(dice(`burst/${step.seed}`))
  return { bytes, isRisky }
}

function once(step: Exclude<FrameStep, { does: 'burst' }>): Buffer {
  switch (step.does) {
    case 'resume': {
      const { partitions, base, offset, from } = step
      const lastOffsetsByPartition = named(partitions, (at) => String(base + at), offset)
      return text(JSON.stringify({ type: 'resume', from, lastOffsetsByPartition }))
    }
    case 'resume-threads': {
      const name = 'x'.repeat(step.nameBytes)
      const lastSequencesByThread = named(step.threads, (at) => `${at}${name}`, '1')
      return text(JSON.stringify({ type: 'resume', mode: 'thread', lastSequencesByThread }))
    }
    case 'json':
      return text(jsonOf(step.depth, step.width))
    case 'text':
      return text(step.text + ' '.repeat(step.bytes))
    case 'fragments':
      return fragments(step.fragments, step.bytesEach)
    case 'pings':
      return Buffer.concat(
        Array<Buffer>(step.pings).fill(maskedFrame('ping', Buffer.alloc(step.bytes), mask)),
      )
  }
}

/** An object of so many names that holds so many arrays in one another. */
function jsonOf(depth: number, width: number): string {
  const names = Array.from({ length: width }, (_, at) => `"${at}":0`).join()
  return `{"type":"later","deep":${'['.repeat(depth)}${']'.repeat(depth)},"wide":{${names}}}`
}

function fragments(count: number, bytesEach: number): Buffer {
  const pieces = Array.from({ length: count }, (_, at) => {
    const piece = maskedFrame('text', Buffer.alloc(bytesEach, 'x'), mask)
    piece[0] = (at === 0 ? clientOpcode.text : 0) | (at === count - 1 ? fin : 0)
    return piece
  })
  return Buffer.concat(pieces)
}
