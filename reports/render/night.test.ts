/** Every text of a night, with words that try to be more than text. */
import { describe, expect, test } from 'vitest'
import type { Night, NightEntry, Outcome } from './night.ts'
import { renderNightJunit } from './night-junit.ts'
import { renderAnnotations, renderIssue, renderNightMarkdown } from './night-markdown.ts'
import { renderTrend } from './trend.ts'
import type { TrendPage } from './trend-model.ts'

const hostile = `</script><img src=x onerror="alert('1')">&amp; | \`b\` ]]> ::error:: 9%\n,\u0000`

const entry = (outcome: Outcome, more: Partial<NightEntry> = {}): NightEntry => ({
  part: 'suite',
  name: `${outcome} ${hostile}`,
  outcome,
  why: `because ${hostile}`,
  waited: 0,
  reproduce: `npm run chaos -- run ${outcome}`,
  ...more,
})
const night = (...entries: NightEntry[]): Night => ({
  schemaVersion: 1,
  startedAt: '2026-01-01T03:17:00.000Z',
  tookSeconds: 480,
  budgetSeconds: 480,
  seed: hostile,
  version: '0123456789abcdef0123456789abcdef01234567',
  machine: { cores: 2, processor: hostile, memoryBytes: 8e9, kernel: hostile },
  verdict: 'fail',
  isInterrupted: false,
  reproduce: 'npm run chaos -- nightly --for 8m',
  parts: [
    { name: 'suite', says: hostile, until: 100, began: 0, took: 90 },
    { name: 'loads', says: 'loads', until: 480, began: 90, took: 0, lacks: 'no room' },
  ],
  entries,
})

const all = night(
  entry('pass'),
  entry('fail'),
  entry('unknown'),
  entry('not-applicable'),
  entry('not-run', { waited: 3 }),
)

describe('the summary', () => {
  const lines = renderNightMarkdown(all).split('\n')

  test('counts each part, and says what was not run and why', () => {
    expect(lines.find((one) => one.startsWith('| suite |'))).toMatch(/\| 1 \| 1 \| 1 \| 1 \| 1 \|/)
    expect(lines.find((one) => one.startsWith('| loads |'))).toContain('not run: no room')
    expect(lines.join('\n')).toMatch(/Not run: 1\. The next night.*suite: because.*\(3 nights\)/s)
  })

  test('has a command for whatever did not pass, and rows of one line each', () => {
    const rows = lines.filter((one) => one.includes('npm run chaos -- run'))
    expect(rows.map((one) => /run (\w+) \|$/.exec(one)?.[1])).toEqual(['fail', 'unknown'])
    const bars = lines.filter((one) => one.startsWith('| suite'))
    expect(bars.map((one) => one.split('|').length)).toEqual([10, 6, 6])
  })
})

describe('the issue', () => {
  test('is none where nothing failed', () => {
    expect(renderIssue(night(entry('pass'), entry('unknown')))).toBeUndefined()
  })

  test('has the command of each failure, and stays short', () => {
    const many = Array.from({ length: 90 }, (_, i) =>
      entry('fail', { reproduce: `again ${i}`, why: 'w'.repeat(5_000) }),
    )
    const text = renderIssue(night(...many)) ?? ''
    expect(text).toMatch(/^# Nightly: 90 failed \(0123456789, 2026-01-01\)\n/)
    expect(text).toContain('Repeat with `again 0`')
    expect(text).toContain('And 70 more')
    expect(text.length).toBeLessThan(65_536)
  })
})

test('annotations are one line each, and no text becomes a command of its own', () => {
  const lines = renderAnnotations(all).trimEnd().split('\n')
  expect(lines).toHaveLength(2)
  expect(lines[0]).toMatch(/^::error title=suite%3A fail [^:,\n]*::because .*%0Arepeat: npm run/)
  expect(lines[1]).toMatch(/^::warning /)
  const twenty = Array.from({ length: 20 }, () => entry('fail'))
  expect(renderAnnotations(night(...twenty)).trimEnd().split('\n')).toHaveLength(10)
})

test('JUnit counts what was not run as skipped, and an unknown as an error', () => {
  const text = renderNightJunit(all, new Map())
  expect(text).toContain('<testsuite name="suite" tests="5" failures="1" errors="1" skipped="2"')
  expect(text.includes('<img') || text.includes('\u0000')).toBe(false)
  expect(text.match(/<skipped /g)).toHaveLength(2)
})

const page: TrendPage = {
  machines: [
    {
      machine: hostile,
      nights: [
        { label: hostile, startedAt: hostile, version: hostile, verdict: 'pass', says: hostile },
      ],
      notes: [hostile],
      tables: [
        {
          title: hostile,
          says: hostile,
          numbers: hostile,
          rows: [
            {
              name: hostile,
              says: hostile,
              count: 1,
              of: 3,
              interval: [0.0615, 0.7923],
              strip: ['fail'],
              numbers: hostile,
            },
          ],
        },
      ],
      groups: [
        {
          title: hostile,
          isFolded: true,
          charts: [
            { title: hostile, unit: 'ms', series: [{ name: hostile, t: [0], v: [1] }], limits: [] },
          ],
        },
      ],
    },
  ],
  troubles: [hostile],
}

test('the page of many nights shows rates with their interval, and text as text', () => {
  const assets = { chartLibraryScript: '', chartLibraryStyle: '', scripts: [''], style: '' }
  const html = renderTrend(page, assets)
  expect(html).not.toContain('<img')
  expect(html).toContain('33.3 % <small>1 of 3</small>')
  expect(html).toContain('6.2 % – 79.2 %')
  const data = /<script type="application\/json" id="charts">(.*?)<\/script>/s.exec(html)?.[1]
  expect(JSON.parse(data ?? '')).toMatchObject([{ labels: [hostile] }])
})
