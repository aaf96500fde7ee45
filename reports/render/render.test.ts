/** Every format of the report, with texts that try to be more than text. */
import { describe, expect, test } from 'vitest'
import { renderHtml } from './html.ts'
import { renderJunit } from './junit.ts'
import { renderMarkdown } from './markdown.ts'
import type { Report, ReportExpectation, ReportScenario, Verdict } from './model.ts'

const hostile = `</script><img src=x onerror="alert('1')">&amp; | \`**b**\` ]]> \u0000\u001b[31m`
const assets = { chartLibraryScript: '', chartLibraryStyle: '', scripts: [''], style: '' }

const expectation = (verdict: Verdict): ReportExpectation => ({
  finding: `M-1 ${hostile}`,
  check: hostile,
  verdict,
  rule: hostile,
  why: hostile,
  ...(verdict === 'unknown' && { fix: `give ${hostile}` }),
  exercised: 3,
  observations: `3 ${hostile}`,
  charts: [0],
  evidence: [[hostile, hostile]],
  anomalies: [
    { kind: hostile, says: hostile, count: 1, witness: [], shown: [[[hostile, hostile]]] },
  ],
})

const scenario = (verdict: Verdict, own: readonly Verdict[]): ReportScenario => ({
  name: hostile,
  claim: hostile,
  target: hostile,
  verdict,
  tookSeconds: 1.5,
  troubles: [hostile],
  phases: [{ name: hostile, from: 0, to: 1 }],
  faults: [{ name: hostile, from: 0, to: 1, outcome: 'active', evidence: [[hostile, hostile]] }],
  expectations: own.map(expectation),
  charts: [{ title: hostile, unit: hostile, series: [], limits: [{ name: hostile, v: 1 }] }],
  settings: [[hostile, hostile]],
  unconfirmed: [hostile],
  testimony: {
    ends: [`It ended. ${hostile}`],
    crash: [['3.6 s', `panicked ${hostile}`]],
    before: [['3.5 s', `before ${hostile}`]],
  },
})

const report = (...scenarios: ReportScenario[]): Report => ({
  schemaVersion: 1,
  title: hostile,
  verdict: 'unknown',
  seed: hostile,
  startedAt: '2026-01-01T00:00:00Z',
  tookSeconds: 2,
  reproduce: `npm run chaos -- run --seed '\`x\`'`,
  findings: scenarios.map(({ name, target, verdict }) => ({
    id: hostile,
    says: hostile,
    audit: hostile,
    scenario: name,
    scenarioCount: 2,
    target,
    verdict,
    why: hostile,
    exercised: 1,
    observations: `1 ${hostile}`,
  })),
  scenarios,
  environment: [[hostile, hostile]],
})

test('what the target said, and what to do about an unknown, stand in every format', () => {
  const given = report(scenario('fail', ['fail', 'unknown']))
  const [page, junit] = [renderHtml(given, assets), renderJunit(given)]
  for (const text of [page, junit]) {
    for (const words of ['It ended. ', '3.6 s  panicked ', '3.5 s  before ', 'fix: give ']) {
      expect(text).toContain(words)
    }
  }
  const findings = given.findings.map((one) => ({ ...one, fix: 'run longer' }))
  expect(renderMarkdown({ ...given, findings })).toContain('fix: run longer')
})

describe('the page', () => {
  const page = renderHtml(report(scenario('fail', ['pass', 'fail', 'unknown'])), assets)

  test('takes no text for markup', () => {
    expect(page).not.toContain('<img')
    expect(page.match(/<script/g)).toHaveLength(3)
    expect(page.match(/<\/script>/g)).toHaveLength(3)
    expect(page).toContain('&lt;/script&gt;&lt;img src=x onerror=&quot;')
  })

  test('allows no script but its own, and no network', () => {
    const policy = /content="default-src 'none'; script-src 'sha256-[^;]*; style-src 'sha256-/
    expect(page).toMatch(policy)
  })

  test('says a cause of everything once', () => {
    const one = scenario('unknown', [])
    const other = { ...one, name: 'b', troubles: [hostile, 'its own'] }
    const html = renderHtml(report(one, other), assets)
    expect(html.match(/Not judged, and why/g)).toHaveLength(2)
    expect(html.match(/<li>[^<]*script/g)).toHaveLength(1)
    expect(html.match(/Not judged, for the reason above/g)).toHaveLength(2)
  })

  test('shows of a long witness the beginning, its size, and the rest on demand', () => {
    const whole = scenario('fail', ['fail'])
    const shown = [[['w', 'y'.repeat(20_000)]]] as const
    const anomalies = [{ kind: 'lost', says: 's', count: 1, witness: [], shown }]
    const expectations = whole.expectations.map((own) => ({ ...own, anomalies }))
    const long = renderHtml(report({ ...whole, expectations }), assets)
    expect(long).toContain('<summary>show all 21 kB</summary>')
    expect(long.split('y'.repeat(3_900))).toHaveLength(1 + 1 + Math.floor(20_000 / 3_900))
  })

  test('leads from a finding to the check that decided, and from there to the records', () => {
    const first = { ...scenario('fail', ['pass', 'fail']), folder: '01-x' }
    const html = renderHtml(report(first, scenario('pass', ['pass'])), assets)
    const [, anchor] = /<td class="id"><a href="#([^"]*)"/.exec(html) ?? []
    expect(html).toContain(`id="${anchor}"`)
    expect(html).toMatch(/href="01-x\/history\/"/)
    expect(new Set(html.match(/ id="[^"]*"/g)).size).toBe(html.match(/ id="/g)?.length)
  })

  test('embeds charts that come back as they were', () => {
    const embedded = /<script type="application\/json" id="charts">(.*?)<\/script>/s.exec(page)?.[1]
    const [charts] = JSON.parse(embedded ?? '') as { charts: { title: string }[] }[]
    expect(charts?.charts[0]?.title).toBe(hostile)
  })
})

test('the page of a reproduction says whether it is one, also after failures', () => {
  const failed = { ...report(scenario('fail', ['fail'])), verdict: 'fail' } as const
  const titleOf = (one: Report) => /<h1>.*<\/h1>/.exec(renderHtml(one, assets))?.[0]
  expect(titleOf(failed)).toContain('<span class="badge fail">fail</span>')
  const answer = { says: 'so', isReproduced: true }
  expect(titleOf({ ...failed, reproduction: answer })).toContain('badge pass">reproduced<')
  const not = { ...answer, isReproduced: false }
  expect(titleOf({ ...failed, reproduction: not })).toContain('badge fail">not reproduced<')
})

describe('JUnit', () => {
  test('parses with any text', () => {
    const xml = renderJunit(report(scenario('fail', ['pass', 'fail', 'unknown'])))
    expect(wellFormed(xml)).toBe('')
    // oxlint-disable-next-line no-control-regex -- XML cannot hold them at all
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/)
  })

  test('calls a failure a failure and the unknown an error, and counts both', () => {
    const xml = renderJunit(report(scenario('fail', ['pass', 'fail', 'unknown'])))
    expect(xml.match(/<failure /g)).toHaveLength(1)
    expect(xml.match(/<error /g)).toHaveLength(1)
    expect(xml).toContain('tests="3" failures="1" errors="1"')
  })

  test('is never green where the run proves nothing, though every check holds', () => {
    const xml = renderJunit(report(scenario('unknown', ['pass', 'pass'])))
    expect(xml).toContain('tests="3" failures="0" errors="1"')
  })

  test('is never green where nothing was played', () => {
    const xml = renderJunit(report(scenario('unknown', [])))
    expect(xml).toContain('tests="1" failures="0" errors="1"')
  })

  test('blames no target in a run that was spoilt', () => {
    const xml = renderJunit(report(scenario('unknown', ['fail'])))
    expect(xml).toContain('failures="0" errors="2"')
  })
})

describe('the summary', () => {
  const text = renderMarkdown(report(scenario('unknown', ['pass'])))

  test('keeps every text in its cell', () => {
    const row = text.split('\n').find((line) => line.includes('❔ unknown |')) ?? ''
    expect(row.match(/\|/g)).toHaveLength(6)
    expect(text).not.toContain('<img')
  })

  test('quotes a command that holds backticks', () => {
    expect(text).toContain("`` npm run chaos -- run --seed '`x`' ``")
  })
})

/** What is wrong with the nesting or the entities of an XML text; empty where nothing is. */
function wellFormed(xml: string): string {
  const open: string[] = []
  const body = xml.replace(/^<\?xml[^>]*\?>/, '')
  for (const [tag, closes, name, , closed] of body.matchAll(
    /<(\/?)([a-z-]+)((?:\s[a-z]+="[^"<]*")*)\s*(\/?)>/g,
  )) {
    if (closes === '/' && open.pop() !== name) return `wrong end: ${tag}`
    if (closes === '' && closed === '') open.push(name ?? '')
  }
  const text = body.replaceAll(/<\/?[a-z-]+(?:\s[a-z]+="[^"<]*")*\s*\/?>/g, '')
  if (/[<>]/.test(text)) return `stray bracket: ${/.{0,20}[<>].{0,20}/.exec(text)?.[0]}`
  if (/&(?!amp;|lt;|gt;|quot;|#\d+;)/.test(body)) return 'bare ampersand'
  return open.join(' ')
}
