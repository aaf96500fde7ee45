import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOfKind, kindOf, type HistoryEvent } from '../history/event.ts'
import type { Journal } from '../history/journal.ts'
import { DeliveryLog } from './delivery-log.ts'
import { FirstSights } from './first-sights.ts'

function open() {
  const events: HistoryEvent[] = []
  const journal = {
    write: (event: HistoryEvent) => void events.push(structuredClone(event)),
  } as unknown as Journal
  const sights = new FirstSights(journal)
  return { events, sights, log: new DeliveryLog(journal, sights, 7) }
}

/** Unpacks `delivered` events into single arrivals. */
function arrivals(events: readonly HistoryEvent[]) {
  return events.flatMap((event) => {
    if (!isOfKind(event, 'delivered')) return []
    const [, start, , partition, first, count, runs, path] = event
    let t = start
    const told: [number, number, number, string][] = []
    for (let at = 0; at < runs.length; at += 2) {
      t += runs[at]!
      for (let n = 0; n < runs[at + 1]!; n += 1) {
        told.push([t, partition, Number(first) + told.length, path])
      }
    }
    expect(told).toHaveLength(count)
    return told
  })
}

describe('a delivery log', () => {
  it('records every arrival, in any order', () => {
    const delivery = fc.record({
      dt: fc.constantFrom(0, 0, 1, 700),
      partition: fc.nat(2),
      step: fc.constantFrom(1, 1, 1, 1, 0, 2, -3),
      path: fc.constantFrom('live' as const, 'live' as const, 'replay' as const),
      isFlush: fc.constantFrom(false, false, false, true),
    })
    fc.assert(
      fc.property(fc.array(delivery, { maxLength: 200 }), (deliveries) => {
        const { events, log } = open()
        const offsets = [100, 200, 300]
        const wanted: [number, number, number, string][] = []
        let t = 0
        for (const { dt, partition, step, path, isFlush } of deliveries) {
          t += dt
          const offset = Math.max(0, offsets[partition]! + step)
          offsets[partition] = offset
          log.add(t, partition, offset, path)
          wanted.push([t, partition, offset, path])
          if (isFlush) log.flush()
        }
        log.flush()
        const of = (partition: number, all: typeof wanted) => all.filter(([, p]) => p === partition)
        const told = arrivals(events)
        for (const partition of [0, 1, 2]) {
          expect(of(partition, told)).toEqual(of(partition, wanted))
        }
        expect(log.count).toBe(deliveries.length)
      }),
    )
  })

  it('writes a run when it is old, and before it is long', () => {
    const { events, log } = open()
    log.add(0, 0, 0, 'live')
    log.sweep(999_999)
    expect(events).toHaveLength(0)
    log.sweep(1_000_000)
    expect(events).toHaveLength(1)
    for (let at = 1; at <= 10_000; at += 1) log.add(at, 0, at, 'live')
    expect(events.length).toBeGreaterThan(30)
  })
})

describe('first sights', () => {
  it('precede their deliveries and are reported once', () => {
    const { events, sights, log } = open()
    for (let client = 0; client < 3; client += 1) {
      for (let at = 0; at < 10; at += 1) {
        expect(sights.compare(at, 0, at, at * 7, at)).toBeUndefined()
        log.add(at, 0, at, 'live')
      }
    }
    log.flush()
    expect(events.map(kindOf)).toEqual(['seen', 'delivered', 'delivered', 'delivered'])
    expect(events[0]).toEqual(['seen', 0, 0, '0', [0, 7, 14, 21, 28, 35, 42, 49, 56, 63],
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]])
  })

  it('notice other bytes within the window, and announce again what fell out of it', () => {
    const { events, sights } = open()
    for (let at = 0; at < 70_000; at += 1) sights.compare(0, 0, at, at, 1)
    expect(sights.compare(0, 0, 6_000, 6_000, 1)).toBeUndefined()
    expect(sights.compare(0, 0, 69_000, 1, 1)).toBe('bytes-differ')
    expect(sights.compare(0, 0, 69_000, 69_000, 2)).toBe('bytes-differ')
    expect(sights.compare(0, 0, 10, 99, 1)).toBeUndefined()
    sights.flush(0)
    const told = events.flatMap((event) => (isOfKind(event, 'seen') ? event[4] : []))
    expect(told).toHaveLength(70_001)
    expect(events.at(-1)).toEqual(['seen', 0, 0, '10', [99], [1]])
  })

  it('are bounded in partitions', () => {
    const { sights } = open()
    for (let at = 0; at < 1_024; at += 1) expect(sights.compare(0, at, 0, 0, 0)).toBeUndefined()
    expect(sights.compare(0, 5_000, 0, 0, 0)).toBe('too-many-partitions')
  })
})
