/** What every rule must have, and that all that it asks for exists. */
import { describe, expect, it } from 'vitest'
import { settingRows } from '../../relay/tables/settings.ts'
import { lintPromql } from '../kit/lint-promql-testbed.ts'
import { rowsBySeries } from '../metrics/tables.ts'
import { productionReceivers, printAlertmanager, shortWaits } from './alertmanager.ts'
import type { RuleCase } from './case.ts'
import { cases } from './cases.ts'
import { dashflowRules } from './dashflow.ts'
import { durationText, production, shortForm } from './form.ts'
import type { Rule } from './rule.ts'
import { droppedRules, ruleGroups, rules, type AlertName } from './table.ts'

const short = shortForm(6)
const all = Object.entries(rules) as [AlertName, Rule][]
const texts = ({ summary, means, steps }: Rule) => [summary, means, ...steps]

/** Rules have windows of their own; the rest is as in the panels. */
const problemsOf = (expr: string) => lintPromql(expr.replaceAll(/\[\w+\]/g, '[$__rate_interval]'))

describe.each(all)('%s', (alert, rule) => {
  it.each([production, short])('asks only for what exists', (form) => {
    expect(problemsOf(rule.expr(form))).toEqual([])
  })

  it('pages if and only if it is critical', () => {
    if (rule.tier === 'meta') return
    expect(rule.tier === 'page').toBe(rule.severity === 'critical')
  })

  it('differs from DashFlow as its row says', () => {
    const theirs = Object.entries(dashflowRules).find(([name]) => name === alert)?.[1]
    expect(theirs === undefined).toBe(rule.origin.from === 'ours')
    if (rule.origin.from !== 'dashflow') return
    expect({ severity: theirs?.severity, for: theirs?.for }).toEqual({
      severity: rule.severity,
      for: durationText(rule.forMs),
    })
    const limit = (expr: string) => /[<>]=? ([\d.]+)$/.exec(expr)?.[1]
    expect(limit(rule.expr(production))).toBe(limit(theirs?.expr ?? ''))
  })

  it('is written in sentences that name settings and metrics which exist', () => {
    for (const text of texts(rule)) expect(text).toMatch(/[.?]$/)
    const words = texts(rule).flatMap((text) =>
      Array.from(text.matchAll(/`([^`]+)`/g), ([, word]) => word ?? ''),
    )
    const names = new Set<string>(Object.values(settingRows).map(({ env }) => env))
    const settings = words.filter((word) => /^[A-Z]+_[A-Z_]+/.test(word))
    expect(settings.filter((word) => !names.has(word.split('=')[0] ?? ''))).toEqual([])
    const metrics = words.filter((word) => /^(?:relay|websocket|dashstream)_\w+$/.test(word))
    expect(metrics.filter((word) => !rowsBySeries.has(word))).toEqual([])
    const alerts = words.filter((word) => /^[A-Z][a-z0-9]+[A-Z]\w*\*?$/.test(word))
    const isKnown = (word: string) =>
      all.some(([name]) =>
        word.endsWith('*') ? name.startsWith(word.slice(0, -1)) : name === word,
      )
    expect(alerts.filter((word) => !isKnown(word))).toEqual([])
  })

  it('uses only templates that its unit tests can fill', () => {
    const templates = [rule.summary, rule.means].flatMap((text) => text.match(/\{\{.*?\}\}/g) ?? [])
    const known = /^\{\{ \$(?:labels\.\w+|value(?: \| \w+)?) \}\}$/
    expect(templates.filter((one) => !known.test(one))).toEqual([])
  })

  it('has cases in which it fires, stays quiet, and resolves', () => {
    const fires = ({ looks }: RuleCase) => looks.some(({ firing }) => firing.length > 0)
    const resolves = ({ looks }: RuleCase) =>
      looks.some(({ firing }, at) => firing.length > 0 && looks[at + 1]?.firing.length === 0)
    expect(cases[alert].some(fires)).toBe(true)
    if (alert === 'Watchdog') return
    expect(cases[alert].some(resolves)).toBe(true)
    expect(cases[alert].some((one) => !fires(one))).toBe(true)
  })
})

describe('the table', () => {
  it('has each of DashFlow’s rules, or says why not', () => {
    const dropped = droppedRules.map(({ alert }) => alert)
    const answered = new Set<string>([...all.map(([name]) => name), ...dropped])
    const names = Object.keys(dashflowRules)
    expect(names).toHaveLength(28)
    expect(names.filter((name) => !answered.has(name))).toEqual([])
    expect(all.filter(([name]) => dropped.includes(name))).toEqual([])
  })

  it('evaluates a tier before the tiers that yield to it', () => {
    const yields = Object.values(ruleGroups).flatMap((group) => {
      const names = Object.keys(group)
      return Object.entries(group as Record<string, Rule>).flatMap(([name, rule]) =>
        Array.from(rule.expr(production).matchAll(/ALERTS\{alertname="(\w+)"/g), ([, upper]) => ({
          name,
          isAfter:
            names.indexOf(upper ?? '') >= 0 && names.indexOf(upper ?? '') < names.indexOf(name),
          isSameFamily: rules[upper as AlertName]?.family === rule.family,
        })),
      )
    })
    expect(yields.length).toBeGreaterThan(4)
    expect(yields.filter(({ isAfter, isSameFamily }) => !isAfter || !isSameFamily)).toEqual([])
  })
})

describe('a form', () => {
  it('divides times, and keeps four scrapes in a window', () => {
    expect(short.window(300_000)).toBe('50s')
    expect(short.window(6_000)).toBe('4s')
    expect(short.span(120_000)).toBe(20_000)
    expect(short.age(60_000)).toBe(10)
    expect(production.window(60_000)).toBe('1m')
    expect(production.window(15_000)).toBe('1m')
  })

  it.each([
    [0, '0s'],
    [500, '500ms'],
    [90_000, '1m30s'],
    [3_600_000, '1h'],
    [86_400_000, '24h'],
  ])('%i ms is %s', (ms, text) => {
    expect(durationText(ms)).toBe(text)
  })
})

describe('the configuration of Alertmanager', () => {
  it('holds no address, and waits for what mutes', () => {
    const text = printAlertmanager()
    expect(text).not.toMatch(/https?:/)
    expect(text).toContain(Object.values(productionReceivers)[0]?.urlFile)
    const { pageGroupMs, ticketGroupMs } = shortWaits(short)
    expect(Math.min(pageGroupMs, ticketGroupMs)).toBeGreaterThanOrEqual(2 * short.evaluationMs)
  })
})
