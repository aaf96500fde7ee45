/** How a night shares out its time, what it says of what did not fit, and what comes next. */
import { describe, expect, test } from 'vitest'
import { nightSchema } from '../../reports/render/night.ts'
import { tryNight, unitOf, type TriedPart } from './night-testbed.ts'

const units = (count: number, ms: number, prefix = 'u') =>
  Array.from({ length: count }, (_, i) => unitOf(`${prefix}${i + 1}`, ms))
const random = { name: 'random', more: (n: number) => unitOf(`r${n}`, 10) } as const
const outcomesOf = (entries: readonly { name: string; outcome: string }[]) =>
  Object.fromEntries(entries.map(({ name, outcome }) => [name, outcome]))

describe('the time', () => {
  test('is shared out by weight, and what a part leaves over goes to those behind it', async () => {
    const suite: TriedPart = { name: 'suite', weight: 2, units: units(2, 10) }
    const defects: TriedPart = { name: 'defects', weight: 1, units: units(9, 10, 'd') }
    const { night, ran } = await tryNight([suite, defects, { ...random, weight: 1 }], 100)
    // 50 for the suite, which takes 20; until 75 for defects; until 100 for schedules.
    expect(ran.join(' ')).toBe('u1 u2 d1 d2 d3 d4 d5 r1 r2 r3')
    expect(night.tookSeconds).toBe(0.1)
    expect(nightSchema.parse(night)).toEqual(night)
  })

  test('is no share of parts that have nothing to play, or that lack something', async () => {
    const parts: TriedPart[] = [
      { name: 'kept', weight: 50 },
      { name: 'loads', weight: 50, units: units(1, 10, 'l'), lacks: 'no room' },
      { name: 'suite', units: units(9, 10) },
      { ...random },
    ]
    const { night, ran } = await tryNight(parts, 40)
    expect(ran.join(' ')).toBe('u1 u2 r1 r2')
    const load = night.entries.find(({ part }) => part === 'loads')
    expect(load).toMatchObject({ outcome: 'not-run', why: 'no room' })
  })

  test('may be overdrawn by the first of a part, as long as the night has it', async () => {
    const parts: TriedPart[] = [
      { name: 'suite', units: units(2, 60) },
      { name: 'defects', units: units(2, 40, 'd') },
    ]
    expect((await tryNight(parts, 100)).ran).toEqual(['u1', 'd1'])
    expect((await tryNight(parts, 90)).ran).toEqual(['u1'])
    expect((await tryNight(parts, 50)).ran).toEqual(['d1'])
  })

  test('is left to shorter ones where a longer one does not fit', async () => {
    const mixed = [unitOf('a', 10), unitOf('long', 500), unitOf('b', 10)]
    const { night, ran } = await tryNight([{ name: 'suite', units: mixed }], 100)
    expect(ran).toEqual(['a', 'b'])
    const [, , long] = night.entries
    expect(long).toMatchObject({
      name: 'long',
      outcome: 'not-run',
      why: 'there was no time left for it',
      waited: 1,
      reproduce: 'repeat long',
    })
  })

  test('counts with what took longer than was thought', async () => {
    const slow: TriedPart = { name: 'suite', units: units(9, 10), tookMs: () => 25 }
    // The fourth would begin at 75, and by its estimate end at 85.
    expect((await tryNight([slow], 95)).ran).toHaveLength(3)
  })
})

describe('the night after', () => {
  test('begins with what was not run, the longest wait first', async () => {
    const suite: TriedPart = { name: 'suite', units: units(6, 10) }
    const one = await tryNight([suite], 40)
    expect(one.ran).toEqual(['u1', 'u2', 'u3', 'u4'])
    const two = await tryNight([suite], 10, { before: one.night })
    expect(two.ran).toEqual(['u5'])
    const three = await tryNight([suite], 30, { before: two.night })
    // u6 waits for the second night, the others for the first.
    expect(three.ran).toEqual(['u6', 'u1', 'u2'])
    expect(outcomesOf(three.night.entries)).toMatchObject({ u5: 'not-run', u3: 'not-run' })
  })

  test('takes what it did not know as not run', async () => {
    const { night } = await tryNight([{ name: 'suite', units: units(2, 10) }], 100)
    const more: TriedPart = { name: 'suite', units: [...units(2, 10), unitOf('new', 10)] }
    expect((await tryNight([more], 100, { before: night })).ran[0]).toBe('new')
  })

  test('gives a part that got nothing the time for one, before the others', async () => {
    const parts: TriedPart[] = [
      { name: 'suite', weight: 9, units: units(9, 10) },
      { name: 'defects', weight: 1, units: units(2, 30, 'd') },
      { ...random, weight: 1, more: (n) => unitOf(`r${n}`, 30) },
    ]
    const one = await tryNight(parts, 100, {})
    expect(one.ran).toEqual(['u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7', 'u8'])
    expect(outcomesOf(one.night.entries)).toMatchObject({ d1: 'not-run', r1: 'not-run' })
    const two = await tryNight(parts, 100, { before: one.night })
    expect(two.ran).toEqual(['d1', 'u9', 'u1', 'u2', 'u3', 'r1'])
  })

  test('estimates by what was measured', async () => {
    const one = await tryNight([{ name: 'suite', units: units(2, 40) }], 100)
    const { ran } = await tryNight([{ name: 'suite', units: units(2, 60) }], 80, {
      before: one.night,
    })
    expect(ran).toEqual(['u1', 'u2'])
  })
})

describe('the verdict', () => {
  const verdictOf = async (...outcomes: ('pass' | 'fail' | 'unknown' | 'not-applicable')[]) => {
    const all = units(outcomes.length, 10)
    const outcome = ({ name }: { name: string }) => outcomes[Number(name.slice(1)) - 1]!
    return (await tryNight([{ name: 'suite', units: all, outcome }], 1_000)).night.verdict
  }

  test('is the worst of what was run', async () => {
    expect(await verdictOf('pass', 'pass')).toBe('pass')
    expect(await verdictOf('pass', 'unknown', 'fail')).toBe('fail')
    expect(await verdictOf('pass', 'unknown')).toBe('unknown')
    expect(await verdictOf('pass', 'not-applicable')).toBe('pass')
  })

  test('is unknown where nothing was run, or nothing applies', async () => {
    const { night } = await tryNight([{ name: 'suite', units: units(2, 500) }], 100)
    expect(night.verdict).toBe('unknown')
    expect(outcomesOf(night.entries)).toEqual({ u1: 'not-run', u2: 'not-run' })
    expect(await verdictOf('not-applicable')).toBe('unknown')
  })

  test('is unknown where a part breaks off, and the others are played all the same', async () => {
    const parts: TriedPart[] = [
      { name: 'suite', units: units(2, 10), throws: 'no servers' },
      { name: 'defects', units: units(1, 10, 'd') },
    ]
    const { night, ran } = await tryNight(parts, 100)
    expect(ran).toEqual(['d1'])
    expect(outcomesOf(night.entries)).toEqual({ u1: 'unknown', u2: 'not-run', d1: 'pass' })
    expect(night.entries[1]?.why).toBe('no servers')
    expect(night.verdict).toBe('unknown')
  })

  test('is unknown of a night that was ended', async () => {
    const ending = new AbortController()
    const outcome = () => {
      ending.abort()
      return 'pass' as const
    }
    const suite: TriedPart = { name: 'suite', units: units(3, 10), outcome }
    const { night, ran } = await tryNight([suite], 100, { signal: ending.signal })
    expect(ran).toEqual(['u1'])
    expect(night).toMatchObject({ verdict: 'unknown', isInterrupted: true })
    expect(night.entries[1]).toMatchObject({ outcome: 'not-run', why: 'the night was ended' })
  })
})
