/**
 * Less evidence is never better news: a history that is cut, or from which deliveries are taken,
 * does not pass where the whole one did not; and what is only missing can be given back.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { kindOf, timeOf, type HistoryEvent } from '../../history/event.ts'
import { historyOf } from '../../history/history.ts'
import { story, type Story } from '../../history/story-testbed.ts'
import { stream } from '../stream.ts'

const settledAt = 40
const perSecond = 10

/** What is wrong with client 2 in partition 0, or with the consumer behind it. */
const damages = [
  'none',
  'hole',
  'tail',
  'again',
  'late',
  'thrown-out',
  'declared',
  'counted',
  'stands-still',
  'dead-letter',
] as const
type Damage = (typeof damages)[number]

const plan = fc.record({
  damage: fc.constantFrom(...damages),
  /** Seconds of load in each partition. */
  load: fc.array(fc.integer({ min: 3, max: 9 }), { minLength: 1, maxLength: 3 }),
  /** Where the damage begins, and how many records it is about. */
  at: fc.integer({ min: 1, max: 15 }),
  many: fc.integer({ min: 1, max: 9 }),
})
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never

/** Ten records a second and partition, each delivered a tenth of a second after it was sent. */
function played({ damage, load, at, many }: Plan): Story {
  const told = story().opened(0.5, 1).opened(0.5, 2)
  const last = damage === 'stands-still' ? at : Infinity
  for (const [partition, seconds] of load.entries()) {
    for (let offset = 0; offset < seconds * perSecond; offset += 1) {
      const t = 1 + offset / perSecond
      told.acked(t, partition, offset, 1)
      if (partition > 0 || offset < last) told.delivered(t + 0.1, 1, partition, offset, 1)
      const [isHit, isBehind] = [offset >= at && offset < at + many, offset >= at]
      if (partition > 0 || !takes(damage, isHit, isBehind)) {
        told.delivered(t + 0.1, 2, partition, offset, 1)
      }
    }
  }
  return spoil(told, damage, at, many, load).phase('settle', 15, settledAt)
}

/** Whether the damage takes a record from client 2. */
function takes(damage: Damage, isHit: boolean, isBehind: boolean): boolean {
  const takesHit = ['hole', 'late', 'declared', 'counted'].includes(damage)
  const takesRest = ['tail', 'thrown-out', 'stands-still'].includes(damage)
  return (takesHit && isHit) || (takesRest && isBehind)
}

/** What happens besides. */
function spoil(told: Story, damage: Damage, at: number, many: number, load: readonly number[]) {
  const t = 1.15 + at / perSecond
  const range = { firstOffset: String(at), lastOffset: String(at + many - 1) }
  const end = perSecond * (load[0] ?? 0)
  for (let s = 1; s < settledAt; s += 1) {
    const taken = damage === 'stands-still' ? Math.min(at, s * perSecond) : s * perSecond
    told.lagtruth(s, { 0: [0, Math.min(end, s * perSecond), Math.min(taken, end), true] })
  }
  if (damage === 'again') told.delivered(t + 3, 2, 0, at, many)
  if (damage === 'late') told.delivered(t + 3, 2, 0, at, many)
  if (damage === 'thrown-out') told.closed(t, 2)
  if (damage === 'declared') told.control(t, 2, { type: 'gap', partition: 0, ...range })
  if (damage === 'counted') told.control(t, 2, { type: 'gap', count: 100_000 })
  if (damage === 'dead-letter') told.deadletter(t, 0, at, 'unknown_decode_error')
  return told
}

const verdictOf = (events: readonly HistoryEvent[]) =>
  stream.judge(historyOf(events), {}).verdict
const isNo = fc.constantFrom(...damages.filter((damage) => damage !== 'none'))

describe('the stream, with less evidence', () => {
  test('passes where there is no damage, and only there', () => {
    fc.assert(
      fc.property(plan, (given) => {
        const expected = given.damage === 'none' ? 'pass' : 'fail'
        expect(verdictOf(played(given).events)).toBe(expected)
      }),
    )
  })

  test('cut anywhere, it never passes what did not pass, nor fails what did', () => {
    fc.assert(
      fc.property(plan, fc.double({ min: 0, max: settledAt, noNaN: true }), (given, at) => {
        const { events } = played(given)
        const cut = verdictOf(events.filter((event) => timeOf(event) < at * 1e6))
        expect(cut).not.toBe(given.damage === 'none' ? 'fail' : 'pass')
      }),
    )
  })

  test('without the deliveries after a moment, it never passes', () => {
    const moment = fc.double({ min: 1, max: 3, noNaN: true })
    fc.assert(
      fc.property(plan, moment, fc.option(isNo), (given, at, other) => {
        const { events } = played({ ...given, damage: other ?? given.damage })
        const kept = events.filter((event) => {
          return kindOf(event) !== 'delivered' || timeOf(event) < at * 1e6
        })
        expect(verdictOf(kept)).not.toBe('pass')
      }),
    )
  })

  test('what we kept from a client may be given to it: a pass stays one', () => {
    const excuse = fc.constantFrom('stalled', 'cut' as const)
    fc.assert(
      fc.property(plan, excuse, fc.boolean(), ({ load, at, many }, why, isGiven) => {
        const damage = isGiven ? 'none' : 'tail'
        const told = played({ damage, load, at, many })
        if (why === 'stalled') told.stalled(12, 2, true)
        else {
          told.broken(12, 13, { fault: 'cut', hop: 'clients', group: 'readers' })
          told.closed(12.1, 2, 'network')
        }
        expect(verdictOf(told.events)).toBe('pass')
      }),
    )
  })
})
