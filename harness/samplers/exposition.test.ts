import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readExposition } from './exposition.ts'
import { readUsage, usageOf } from './memory.ts'
import { changesOf } from './metrics.ts'

/** JSON has one zero. */
const plain = (map: ReadonlyMap<string, number>) =>
  Object.fromEntries([...map].map(([key, told]) => [key, told === 0 ? 0 : told]))

const series = (text: string) => Object.fromEntries(readExposition(text).series)

describe('a scrape', () => {
  it('is read to the last escape', () => {
    const text = [
      '# HELP a Some words, "quoted" and \\\\ escaped.',
      '# TYPE a counter',
      'a 1',
      '# a comment',
      '',
      '# TYPE b gauge',
      'b{y="2", x="1",} -1',
      'b{p="C:\\\\d",q="say \\"hi\\"\\n"} 3.5e+2 1395066363000',
      'b{text="a,b={}"} .5',
      'c NaN',
      'd +Inf',
      'e{} -Inf',
      '# TYPE h histogram',
      'h_bucket{le="1"} 1',
      'h_bucket{le="+Inf"} 2',
      'h_sum 3',
      'h_count 2',
      '',
    ].join('\n')
    expect(readExposition(text).faults).toEqual([])
    expect(series(text)).toEqual({
      a: 1,
      'b{x="1",y="2"}': -1,
      'b{p="C:\\\\d",q="say \\"hi\\"\\n"}': 350,
      'b{text="a,b={}"}': 0.5,
      c: Number.NaN,
      d: Infinity,
      e: -Infinity,
      'h_bucket{le="1"}': 1,
      'h_bucket{le="+Inf"}': 2,
      h_sum: 3,
      h_count: 2,
    })
  })

  it.each([
    ['a family declared twice', '# TYPE a gauge\na 1\n# TYPE a gauge\n', 'two TYPE lines'],
    ['help given twice', '# HELP a x\n# HELP a y\n', 'two HELP lines'],
    ['a family in two places', 'a{x="1"} 1\nb 1\na{x="2"} 1\n', 'stand together'],
    ['a type after its samples', 'a 1\n# TYPE a gauge\n', 'after its samples'],
    ['an unknown type', '# TYPE a number\n', 'unknown type'],
    ['a series that comes twice', 'a{x="1"} 1\na{x="1"} 2\n', 'comes twice'],
    ['a value that is none', 'a 0x10\n', 'no value'],
    ['a bare name', 'a\n', 'cannot read'],
    ['a label without quotes', 'a{x=1} 1\n', 'labels of a'],
    ['a label that comes twice', 'a{x="1",x="2"} 1\n', 'labels of a'],
    ['an unknown escape', 'a{x="\\t"} 1\n', 'labels of a'],
    ['a cut-off end', 'a 1', 'no end'],
  ])('with %s has a fault', (_, text, fault) => {
    expect(readExposition(text).faults.join()).toContain(fault)
  })

  it('never throws', () => {
    const words = ['#', ' TYPE', ' HELP', ' a', 'b', '{', '}', '=', '"', '\\', ' 1', '\n']
    const word = fc.constantFrom(...words)
    const text = fc.array(word, { maxLength: 40 }).map((picked) => picked.join(''))
    fc.assert(
      fc.property(text, (any) => {
        expect(() => readExposition(any)).not.toThrow()
      }),
    )
  })

  it('written as changes adds up to the whole', () => {
    const value = fc.constantFrom(0, -0, 1, -1, Number.NaN, Infinity, -Infinity)
    const scrape = fc.dictionary(fc.constantFrom('a', 'b', 'c'), value)
    fc.assert(
      fc.property(fc.array(scrape), (scrapes) => {
        const known = new Map<string, number>()
        let before: ReadonlyMap<string, number> = new Map()
        for (const one of scrapes) {
          const now = new Map(Object.entries(one))
          const changes = JSON.parse(JSON.stringify(changesOf(before, now))) as typeof one
          for (const [key, told] of Object.entries(changes)) {
            if (told === null) known.delete(key)
            else known.set(key, Number(String(told).replace('Inf', 'Infinity')))
          }
          expect(plain(known)).toEqual(plain(now))
          before = now
        }
      }),
    )
  })
})

describe('the usage of a process', () => {
  it('is read past any name', () => {
    const stat = `7 (a) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 ${'0 '.repeat(30)}`
    expect(readUsage('Name:\ta\nVmRSS:\t    2048 kB\n', stat)).toEqual({
      rssBytes: 2_097_152,
      cpuMicros: 2_000_000,
    })
  })

  it('is undefined for a process that is gone', async () => {
    expect(readUsage('Name:\tzombie\n', '7 (z) Z 1')).toBeUndefined()
    const pidMax = Number(readFileSync('/proc/sys/kernel/pid_max', 'latin1'))
    expect(await usageOf(pidMax + 1)).toBeUndefined()
  })

  it('agrees with what the process knows of itself', async () => {
    const usage = await usageOf(process.pid)
    expect(usage?.rssBytes).toBeGreaterThan(10e6)
    const { user, system } = process.cpuUsage()
    expect(Math.abs((usage?.cpuMicros ?? 0) - user - system)).toBeLessThan(1e6)
  })
})
