/**
 * The page of a report as a reader has it: in a real browser, from a file, without a network. Needs
 * Chromium on PATH, which a run does not; without it these tests are skipped, and say so.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { renderDashboard } from '../../reports/render/dashboard.ts'
import type {
  Report,
  ReportExpectation,
  ReportFinding,
  ReportScenario,
  Verdict,
} from '../../reports/render/model.ts'
import { onPath } from '../toolchain/program.ts'
import { chartAssets, writeReport } from './outcome.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome']
const program = names.map(onPath).find((path) => path !== undefined)
const lacks = program === undefined ? ' (skipped: apt-get install chromium)' : ''

const expectation = (finding: string, verdict: Verdict): ReportExpectation => ({
  finding,
  check: 'stream',
  verdict,
  rule: 'lost',
  why: `${finding} came to ${verdict}.`,
  exercised: 3,
  observations: '3 deliveries',
  evidence: [['slowest', '12 ms']],
  anomalies: [
    { kind: 'lost', says: 'One.', count: 1, witness: [], shown: [[['large', 'x'.repeat(9_000)]]] },
  ],
  charts: [0],
})

const scenario = (name: string, all: Readonly<Record<string, Verdict>>): ReportScenario => ({
  name,
  claim: `${name} holds.`,
  target: 'reference relay',
  verdict: Object.values(all)[0] ?? 'unknown',
  tookSeconds: 10,
  folder: `01-${name}`,
  troubles: [],
  phases: [{ name: 'traffic', from: 0, to: 10 }],
  faults: [{ name: 'link to redis stalled', from: 2, to: 6, outcome: 'active', evidence: [] }],
  expectations: Object.entries(all).map(([id, verdict]) => expectation(id, verdict)),
  charts: [
    {
      title: 'Memory (RSS)',
      unit: 'MiB',
      series: [{ name: 'relay', t: [0, 5, 10], v: [100, null, 120] }],
      limits: [{ name: 'limit', v: 150 }],
    },
  ],
  settings: [],
  unconfirmed: [],
  testimony: { ends: [], crash: [], before: [] },
})

const finding = (id: string, verdict: Verdict, where: string): ReportFinding => ({
  id,
  says: `What ${id} says.`,
  audit: 'an audit',
  scenario: where,
  scenarioCount: 1,
  target: 'reference relay',
  verdict,
  why: `${id} came to ${verdict}.`,
  exercised: 3,
  observations: '3 deliveries',
})

const report: Report = {
  schemaVersion: 1,
  title: 'suite quick, reference relay',
  verdict: 'fail',
  seed: '1',
  startedAt: '2026-01-01T00:00:00.000Z',
  tookSeconds: 30,
  reproduce: 'npm run chaos -- run --suite quick --seed 1',
  findings: [
    finding('M-1', 'fail', 'broken'),
    finding('M-2', 'unknown', 'open'),
    finding('M-3', 'pass', 'whole'),
    finding('stream', 'pass', 'whole'),
  ],
  scenarios: [
    scenario('whole', { 'M-3': 'pass', stream: 'pass' }),
    scenario('broken', { 'M-1': 'fail', stream: 'pass' }),
    scenario('open', { 'M-2': 'unknown' }),
  ],
  environment: [['cores', '2']],
}

describe.skipIf(program === undefined)(`the page in a browser${lacks}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'page-'))
  const address = pathToFileURL(join(folder, 'report.html')).href
  let browser: Browser

  beforeAll(async () => {
    writeReport(folder, report)
    browser = await chromium.launch({ executablePath: program as string })
  })
  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** The page at an anchor. Whatever it complains of, or asks a network for, fails the test. */
  async function open(hash = '', options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
    const page = await browser.newPage(options)
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => complaints.push(message.text()))
    page.on('request', (request) => {
      if (!request.url().startsWith(address)) complaints.push(request.url())
    })
    onTestFinished(async () => {
      await page.close()
      expect(complaints).toEqual([])
    })
    await page.goto(`${address}${hash}`)
    return page
  }

  const shown = (page: Page, what: string) =>
    page.locator(what).evaluateAll((all) =>
      all.filter((one) => one.checkVisibility()).map((one) => one.textContent?.trim() ?? ''),
    )
  const rows = (page: Page) => shown(page, '.findings tbody .id')
  const scenarios = (page: Page) => shown(page, '.scenario h3')

  test('has failures before unknowns before passes, and passed scenarios folded', async () => {
    const page = await open()
    expect(await rows(page)).toEqual(['M-1', 'M-2', 'M-3', 'stream'])
    expect(await scenarios(page)).toEqual(['fail broken', 'unknown open', 'pass whole'])
    expect(await shown(page, 'details.scenario[open] h3')).toEqual(['fail broken', 'unknown open'])
    const first = page.locator('.expectation.fail')
    expect(await first.locator('pre').first().isVisible()).toBe(true)
    expect(await first.locator('summary', { hasText: 'show all 10 kB' }).count()).toBe(1)
  })

  test('filters by verdict and by words, says what it hides, and remembers it', async () => {
    const page = await open()
    await page.click('[data-show=fail]')
    expect(await rows(page)).toEqual(['M-1'])
    expect(await scenarios(page)).toEqual(['fail broken'])
    const hidden = '3 of 4 findings hidden, 2 of 3 scenarios hidden'
    expect(await page.textContent('#filter output')).toBe(hidden)
    await page.reload()
    expect(await rows(page)).toEqual(['M-1'])
    await page.click('[data-show=all]')
    await page.fill('[name=find]', 'came -stream -m-1')
    expect(await rows(page)).toEqual(['M-2', 'M-3'])
    expect(await scenarios(page)).toEqual(['unknown open', 'pass whole'])
    expect(page.url()).toContain('#find=came+-stream+-m-1')
  })

  test('a link leads to the evidence, unfolds it, and draws its chart', async () => {
    const page = await open('#whole.stream')
    expect(await page.locator('[id="whole.stream"] dl').isVisible()).toBe(true)
    await page.locator('#whole .chart canvas').waitFor()
    expect(await page.locator('.u-legend').count()).toBe(0)
    expect(await shown(page, '#whole .legend li')).toEqual([
      'relay',
      'limit: 150 MiB',
      '1link to redis stalled (2.0–6.0 s)',
    ])
    await page.goto(`${address}#verdict=unknown`)
    expect(await rows(page)).toEqual(['M-2'])
    await page.click('[data-show=all]')
    await page.click('.findings a[href="#whole.M-3"]')
    expect(await page.locator('[id="whole.M-3"]').isVisible()).toBe(true)
    await page.goto(`${address}#verdict=fail`)
    await page.goto(`${address}#whole`)
    expect(await scenarios(page)).toHaveLength(3)
  })

  test('everything is reached by keys', async () => {
    const page = await open()
    const stops = []
    for (const key of ['n', 'n', 'n', 'n', 'p']) {
      await page.keyboard.press(key)
      stops.push(await page.evaluate('document.activeElement.parentElement.id'))
    }
    expect(stops).toEqual(['broken.M-1', 'open', 'open.M-2', 'broken.M-1', 'open.M-2'])
    await page.keyboard.press('/')
    await page.keyboard.type('M-3')
    expect(await rows(page)).toEqual(['M-3'])
    await page.keyboard.press('Escape')
    expect(await rows(page)).toHaveLength(4)
    await page.keyboard.press('o')
    expect(await shown(page, 'details.scenario[open] h3')).toHaveLength(3)
    await page.keyboard.press('o')
    expect(await shown(page, 'details.scenario[open] h3')).toHaveLength(0)
  })

  test('is dark where the reader wants it, and light on paper', async () => {
    const page = await open('#broken.M-1', { colorScheme: 'dark' })
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const drawn = 'document.querySelector("#broken .chart canvas").toDataURL()'
    const picture = () => page.evaluate(drawn)
    await page.locator('#broken .chart canvas').first().waitFor()
    expect(await ground()).toBe('rgb(13, 17, 23)')
    const dark = await picture()
    await page.emulateMedia({ colorScheme: 'light' })
    expect(await ground()).toBe('rgb(255, 255, 255)')
    await expect.poll(picture).not.toBe(dark)
    await page.emulateMedia({ colorScheme: 'dark' })
    await expect.poll(picture).toBe(dark)
    await page.evaluate('void dispatchEvent(new Event("beforeprint"))')
    expect(await picture()).not.toBe(dark)
    await page.evaluate('void dispatchEvent(new Event("afterprint"))')
    expect(await picture()).toBe(dark)
    await page.emulateMedia({ colorScheme: 'dark', media: 'print' })
    expect(await ground()).toBe('rgb(255, 255, 255)')
  })

  test('draws the charts of a dashboard also where a panel has no data', async () => {
    const about = { shows: 'Shows.', todo: 'Do.' }
    const page = await open()
    const file = join(folder, 'report.html-dashboard.html')
    const nothing = { heads: [], rows: [] }
    const html = renderDashboard(
      {
        title: 'T',
        says: 'S.',
        runs: nothing,
        endSeconds: 10,
        charts: report.scenarios[0]?.charts ?? [],
        faults: [],
        sections: [
          {
            title: 'All',
            panels: [
              { ...about, title: 'Empty', kind: 'empty', says: 'no data' },
              { ...about, title: 'Memory', kind: 'chart', chart: 0 },
            ],
          },
        ],
        differences: nothing,
      },
      chartAssets(),
    )
    writeFileSync(file, html)
    await page.goto(pathToFileURL(file).href)
    await expect.poll(() => page.locator('.chart canvas').count()).toBe(1)
    expect(await shown(page, '.chart p')).toEqual(['no data'])
  })

  test('fits a narrow window', async () => {
    const page = await open('', { viewport: { width: 360, height: 800 } })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  })

  test('says all without scripts', async () => {
    const page = await open('', { javaScriptEnabled: false })
    expect(await page.locator('.expectation.fail dl').isVisible()).toBe(true)
    expect(await page.locator('#filter').isVisible()).toBe(false)
  })
})
