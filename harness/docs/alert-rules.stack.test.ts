/**
 * The alert rules by Prometheus' own tools: the printed files are valid, every rule does in its
 * cases what its row says, word by word, and its cases notice each mistake that is made in it.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import {
  printAlertmanager,
  productionWaits,
  receiversAt,
  shortWaits,
} from '../../dashboards/alerts/alertmanager.ts'
import { cases } from '../../dashboards/alerts/cases.ts'
import { shortForm } from '../../dashboards/alerts/form.ts'
import { mutantsOf } from '../../dashboards/alerts/mutants-testbed.ts'
import { printPrometheus, productionPlaces } from '../../dashboards/alerts/prometheus.ts'
import { printRules } from '../../dashboards/alerts/render.ts'
import type { Rule } from '../../dashboards/alerts/rule.ts'
import { ruleGroups, rules, type AlertName } from '../../dashboards/alerts/table.ts'
import { printTogether, printUnitTests } from '../../dashboards/alerts/unit-tests.ts'
import { besideTool } from '../toolchain/debian.ts'
import { ensureTools } from '../toolchain/tools.ts'
import type { Found } from '../toolchain/tool.ts'
import { repoRoot } from '../world/places.ts'

const run = promisify(execFile)
const bytesMax = 64 * 1_024 * 1_024
/** Takes seconds of CPU; a busy machine gives it a tenth of one. */
const limitMs = 240_000
/** So many mutants are judged by one process. */
const batch = 40

let folder: string
let tools: { readonly prometheus: Found; readonly alertmanager: Found }
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'alert-rules-'))
  tools = await ensureTools(['prometheus', 'alertmanager'], () => undefined)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** All that a program says, in its order, whatever its exit code. */
async function ask(found: Found, name: string, args: readonly string[]): Promise<string> {
  const env = { ...found.env, PATH: '/usr/bin:/bin' }
  const options = { env, maxBuffer: bytesMax, timeout: limitMs, cwd: folder }
  const program = [besideTool(found, name), ...args]
  const asked = run('/bin/sh', ['-c', 'exec "$0" "$@" 2>&1', ...program], options)
  const { stdout } = await asked.catch((error: { stdout: string }) => error)
  return stdout
}
const promtool = (...args: string[]) => ask(tools.prometheus, 'promtool', args)
const amtool = (...args: string[]) => ask(tools.alertmanager, 'amtool', args)

const committed = (path: string) => join(repoRoot, 'dashboards', path)
function written(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

/** A rule, and those above it that it yields to. */
function withUpper(alert: AlertName, rule: Rule): Readonly<Record<string, Rule>> {
  const upper = /ALERTS\{alertname="(\w+)"/.exec(rules[alert].expr(shortForm(1)))?.[1]
  return upper === undefined
    ? { [alert]: rule }
    : { [upper]: rules[upper as AlertName], [alert]: rule }
}

/** Writes a rule with its cases into a folder of its own; the name of the file of cases. */
function writeCases(name: string, alert: AlertName, rule: Rule, printed: string): string {
  mkdirSync(join(folder, name), { recursive: true })
  written(`${name}/rules.yml`, printRules(undefined, { one: withUpper(alert, rule) }))
  return written(`${name}/cases.yml`, printed)
}

describe('the printed files', () => {
  it('are rules, in both forms', async () => {
    const short = written('short.yml', printRules(shortForm(6)))
    const said = await promtool('check', 'rules', committed('prometheus/alert-rules.yml'), short)
    const count = Object.keys(rules).length
    expect(said.match(new RegExp(`SUCCESS: ${count} rules found`, 'g'))).toHaveLength(2)
  })

  it('are configurations of Prometheus', async () => {
    const live = {
      ...productionPlaces,
      alertmanagers: [],
      ruleFiles: [committed('prometheus/alert-rules.yml')],
      targetFiles: [committed('prometheus/targets/compose.json')],
    }
    const given = written('prometheus.yml', printPrometheus(live, shortForm(6)))
    for (const file of [committed('prometheus/prometheus.yml'), given]) {
      const said = await promtool('check', 'config', file)
      expect(said).toContain('is valid prometheus config file syntax')
      expect(said).not.toContain('FAILED')
    }
  })

  /** Addresses in files need Alertmanager 0.26; the rest must be valid for Debian's. */
  it('are configurations of Alertmanager, but for where addresses stand', async () => {
    const text = printAlertmanager(receiversAt('http://127.0.0.1:9'), productionWaits)
    const said = await amtool('check-config', written('alertmanager.yml', text))
    expect(said).toContain('SUCCESS')
    const rest = (source: string) => ({ ...(parse(source) as object), receivers: [] })
    const file = readFileSync(committed('alertmanager/alertmanager.yml'), 'utf8')
    expect(rest(file)).toEqual(rest(text))
  })

  it.each([
    ['tier=page severity=critical', 'page'],
    ['tier=ticket severity=high', 'ticket'],
    ['tier=meta severity=critical', 'page'],
    ['tier=meta severity=high', 'ticket'],
    ['tier=meta severity=none alertname=Watchdog', 'heartbeat'],
    ['severity=critical', 'ticket'],
  ])('send %s to %s', async (labels, receiver) => {
    const text = printAlertmanager(receiversAt('http://127.0.0.1:9'), shortWaits(shortForm(6)))
    const file = written('routes.yml', text)
    const said = await amtool(
      'config',
      'routes',
      'test',
      `--config.file=${file}`,
      ...labels.split(' '),
    )
    expect(said.split('\n')).toContain(receiver)
  })

  it('pass their unit tests together', { timeout: limitMs }, async () => {
    const said = await promtool('test', 'rules', committed('prometheus/alert-rules.test.yml'))
    expect(said).toContain('SUCCESS')
    expect(said).not.toContain('FAILED')
  })
})

/** By file of cases, whether it passed. */
async function verdicts(files: readonly string[]): Promise<ReadonlyMap<string, boolean>> {
  const said = await promtool('test', 'rules', ...files)
  const parts = said.split('Unit Testing:  ').slice(1)
  return new Map(
    parts.map((part) => [part.split('\n')[0]?.trim() ?? '', !part.includes('FAILED')] as const),
  )
}

describe.each(Object.keys(ruleGroups) as (keyof typeof ruleGroups)[])('%s', (group) => {
  const members = Object.entries(ruleGroups[group]) as [AlertName, Rule][]

  it(
    'fires, stays quiet and resolves as its rows say, in their words',
    async () => {
      const files = members.map(([alert, rule]) =>
        writeCases(alert, alert, rule, printUnitTests('rules.yml', { [alert]: cases[alert] })),
      )
      const said = await promtool('test', 'rules', ...files)
      expect(said.includes('FAILED') ? said : 'passed').toBe('passed')
      expect(said.match(/SUCCESS/g)).toHaveLength(members.length)
    },
    limitMs,
  )

  it(
    'has cases that notice every mistake in a rule',
    async () => {
      const mutants = members.flatMap(([alert, rule]) =>
        mutantsOf(rule).map((mutant, at) => {
          const printed = printTogether('rules.yml', { [alert]: cases[alert] })
          const file = writeCases(`${alert}-${at}`, alert, mutant.rule, printed)
          return { file, says: `${alert}: ${mutant.says}` }
        }),
      )
      const survivors: string[] = []
      for (let at = 0; at < mutants.length; at += batch) {
        const some = mutants.slice(at, at + batch)
        const passed = await verdicts(some.map(({ file }) => file))
        expect(passed.size).toBe(some.length)
        survivors.push(
          ...some.filter(({ file }) => passed.get(file) === true).map((one) => one.says),
        )
      }
      expect(survivors).toEqual([])
    },
    2 * limitMs,
  )
})
