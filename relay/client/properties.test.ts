/** What must hold for any stream, not for chosen ones. fast-check prints the seed of a failure. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventType } from '../../proto/gen/dashstream_pb.js'
import { Bed, checkpoint, bytesOf, diff, event, listOf, push, token } from './client-testbed.ts'

const threads = ['a', 'b', 'c'] as const
type Step = 'push' | 'token' | 'node' | 'poison' | 'bad-value' | 'lost' | 'whole' | 'merge'
const steps = fc.array(
  fc.tuple(
    fc.constantFrom(...threads),
    fc.constantFrom<Step[]>('push', 'push', 'push', 'token', 'node', 'whole', 'merge'),
  ),
  { minLength: 5, maxLength: 60 },
)
const roughSteps = fc.array(
  fc.tuple(
    fc.constantFrom(...threads),
    fc.constantFrom<Step[]>('push', 'push', 'token', 'poison', 'bad-value', 'lost', 'whole'),
  ),
  { minLength: 5, maxLength: 60 },
)

const binaries = fc.array(fc.uint8Array({ maxLength: 200 }))

/** The records of a stream; their sequences count per thread, as producers do it. */
function streamOf(plan: readonly (readonly [string, Step])[]): Uint8Array[] {
  const at = new Map<string, Progress>(threads.map((name) => [name, { sequence: 1, length: 0 }]))
  const records = threads.map((thread) =>
    event(EventType.GRAPH_START, { thread, sequence: 1 }, { initial_state_json: listOf(0) }),
  )
  for (const [thread, step] of plan) {
    const run = at.get(thread)!
    if (step === 'poison') records.push(Uint8Array.of(0, 0xff))
    else {
      run.sequence += 1
      if (step === 'push' || step === 'lost') run.length += 1
      if (step !== 'lost') records.push(recordOf(step, thread, run))
    }
  }
  return records
}

interface Progress {
  sequence: number
  length: number
}

function recordOf(step: Step, thread: string, { sequence, length }: Progress): Uint8Array {
  const at = { thread, sequence }
  switch (step) {
    case 'token':
      return token(at)
    case 'node':
      return event(EventType.NODE_START, at, {}, `node-${sequence % 3}`)
    case 'merge':
      return event(EventType.NODE_END, at, { state_json: listOf(length) }, `node-${sequence % 3}`)
    case 'bad-value':
      return diff(at, { ops: [['add', '/l/-', '{bad']] })
    case 'whole':
      return sequence % 2 === 0
        ? diff(at, { full: listOf(length) })
        : checkpoint(at, { state: bytesOf(listOf(length)), checkpointId: bytesOf(`c-${sequence}`) })
    case 'push':
    case 'lost':
    case 'poison':
      return push(length, at)
    default:
      throw new RangeError(`no such step: ${String(step)}`)
  }
}

describe('any stream', () => {
  test('comes out the same when any part of it is sent again, at old or at new offsets', () => {
    fc.assert(
      fc.property(steps, fc.nat(), fc.nat(), fc.boolean(), (plan, from, count, isNewOffset) => {
        const records = streamOf(plan)
        const bed = new Bed()
        bed.sendAll(records)
        const before = bed.everything()
        const first = from % records.length
        const again = records.slice(first, first + 1 + (count % records.length))
        for (const [index, value] of again.entries()) {
          const { outcome } = bed.send(value, isNewOffset ? undefined : BigInt(first + index))
          expect(outcome).toBe('duplicate')
        }
        expect(sorted(bed.everything())).toEqual(sorted(before))
      }),
      { numRuns: 150 },
    )
  })

  test('accounts for every record, and is only ever right or flagged', () => {
    fc.assert(
      fc.property(roughSteps, (plan) => {
        const bed = new Bed()
        const records = streamOf(plan)
        const outcomes = bed.sendAll(records)
        const total = bed.client.counters()
        expect(total.received).toBe(records.length)
        expect(
          total.applied + total.duplicate + total.quarantined + total.refused + total.ignored,
        ).toBe(records.length)
        expect(outcomes.every(({ outcome, reason }) => outcome === 'applied' || reason)).toBe(true)
        expect(bed.client.cursor().offsets).toEqual({ 0: String(records.length - 1) })
        for (const thread of threads) {
          const length = lengthOf(plan, thread, bed.client.run(thread)?.lastSeenSequence ?? 0n)
          const isRight = bed.stateText(thread) === listOf(length)
          expect(isRight || bed.flags(thread).length > 0).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('of random bytes harms nothing', () => {
    fc.assert(
      fc.property(binaries, fc.array(fc.string()), (bins, texts) => {
        const bed = new Bed()
        bed.send(event(EventType.GRAPH_START, { sequence: 1 }, { initial_state_json: listOf(0) }))
        for (const text of texts) bed.client.onText(text)
        bed.client.opened()
        for (const bytes of bins) bed.send(bytes)
        expect([bed.stateText(), bed.flags()]).toEqual([listOf(0), []])
        expect(bed.send(push(1)).outcome).toBe('applied')
      }),
      { numRuns: 200 },
    )
  })
})

/** What a thread's list is after `sequence`, whether or not all of it arrived. */
function lengthOf(
  plan: readonly (readonly [string, Step])[],
  thread: string,
  sequence: bigint,
): number {
  return plan
    .filter(([at, step]) => at === thread && step !== 'poison')
    .slice(0, Number(sequence) - 1)
    .filter(([, step]) => step === 'push' || step === 'lost').length
}

/** Runs in the order of their names: which was active last is no part of the claim. */
function sorted(everything: unknown): unknown[] {
  return [...(everything as [string][])].sort(([a], [b]) => a.localeCompare(b))
}
