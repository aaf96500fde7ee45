import { describe, expect, it } from 'vitest'
import { systemClock } from '../../relay/world/clock.ts'
import { openPlan } from '../records/plan.ts'
import { episode } from '../records/malformed-case.ts'
import type { MalformedKind } from '../records/malformed.ts'
import { memoryJournal } from '../history/memory-journal-testbed.ts'
import { referenceReader, type ClientPartsChange } from './reference-reader.ts'

const seed = 'fleet'
const context = { seed, count: 1, payloadBytesMax: 1e6, unixMs: 0 }
/** Values of two runs of the load. */
function* load() {
  const plan = openPlan(seed)
  for (let next = 1; next <= 40; ) {
    const records = ['run-00000', 'run-00001'].map((thread) => plan.record(thread, next, 900, 0n))
    yield* records.map(({ value }) => value)
    next = records[0]!.next
  }
}
const values = (kind: MalformedKind) =>
  episode(kind, context).flatMap(({ value }) => (value === null ? [] : [value]))

/** Reads JSON as a language does whose only number is a double. */
const rounding: ClientPartsChange = () => ({ parseJson: (text) => JSON.parse(text) as never })

/** Takes every patch for applied. */
const idle: ClientPartsChange = () => ({ applyPatch: (state) => ({ ok: true, state }) })

/** A reference client that got these records in partition 0, and what it wrote. */
function feed(records: Iterable<Buffer>, change?: ClientPartsChange) {
  const journal = memoryJournal()
  const reader = referenceReader({ clock: systemClock, journal, seed, change }, 7)
  reader.opened()
  let offset = 0
  for (const value of records) reader.record(1_000 * offset, 0, offset++, value)
  return { journal, reader, lastMicros: 1_000 * offset }
}

describe('a reference client', () => {
  it('has the state that the producer says it must have', () => {
    const { journal, reader } = feed([...load(), ...values('big-integers')])
    reader.compareAll()
    const states = journal.of('runstate')
    expect(states.map(([, , , , , isEqual, flags]) => [isEqual, flags])).toEqual(
      Array.from({ length: 3 }, () => [true, []]),
    )
    expect(states[0]!.slice(2, 4)).toEqual([7, 'run-00000'])
    expect(journal.of('refusal')).toEqual([])
  })

  it('is compared while nothing comes, once, and refuses with a reason', () => {
    const { journal, reader, lastMicros } = feed(values('bad-patch-json'))
    reader.sweep(lastMicros + 100_000)
    expect(journal.of('runstate')).toEqual([])
    reader.sweep(lastMicros + 2_000_000)
    reader.sweep(lastMicros + 4_000_000)
    expect(journal.of('runstate').map((event) => event.slice(5))).toEqual([[true, ['patch']]])
    expect(journal.of('runstate')[0]![3]).toContain('bad-patch-json')
    expect(journal.of('refusal').map((event) => event[5])).toContain('patch-value')
  })

  it('with a mistake put back has another state', () => {
    const { journal, reader } = feed(values('big-integers'), rounding)
    reader.compareAll()
    expect(journal.of('runstate').map((event) => event[5])).toEqual([false])
  })

  it('that loses a patch has another state', () => {
    const { journal, reader } = feed(load(), idle)
    reader.compareAll()
    expect(journal.of('runstate').map((event) => event[5])).toEqual([false, false])
  })

  it('asks for a replay from where it was', () => {
    const { reader } = feed(load())
    const request = JSON.parse(reader.resumeRequest('cursor')) as Record<string, unknown>
    expect(request['lastOffsetsByPartition']).toEqual({ 0: expect.any(String) as string })
  })
})
