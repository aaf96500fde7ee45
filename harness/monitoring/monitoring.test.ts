/** What needs no servers: rules with a defect, changes of alerts, the file of the target. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rules } from '../../dashboards/alerts/table.ts'
import { defectNames, defectOf } from '../defects/index.ts'
import type { ActiveAlert } from './prometheus.ts'
import { changesOf } from './run-monitoring.ts'
import { shortMinutes } from './short-form.ts'
import { rulesWith, shortRules } from './short-rules.ts'
import { removeTargetFile, writeTargetFile } from './target-file.ts'

const namesIn = (text: string) => [...text.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)
const ours = Object.keys(rules)

test('a run evaluates every rule of production, with shorter times', () => {
  expect(namesIn(shortRules(rulesWith(undefined))).toSorted()).toEqual(ours.toSorted())
  expect([shortMinutes(1), shortMinutes(5)]).toEqual([3_000, 15_000])
})

test('a defect of the rules changes or removes those that it names, and no other', () => {
  const whole = shortRules(rulesWith(defectOf('2x-1-replay-skips-middle')))
  for (const name of defectNames) {
    const defect = defectOf(name)
    if (defect.part !== 'rules') continue
    const text = shortRules(rulesWith(defect))
    expect(text).not.toBe(whole)
    const removed = Object.entries(defect.alerts).filter(([, change]) => change === undefined)
    const left = new Set(namesIn(text))
    expect(ours.filter((one) => !left.has(one))).toEqual(removed.map(([alert]) => alert))
  }
})

const alert = (state: ActiveAlert['state'], partition = '0'): ActiveAlert => ({
  alert: 'Stuck',
  state,
  labels: { partition },
})
const known = (...all: ActiveAlert[]) =>
  new Map(all.map((one) => [JSON.stringify(one.labels), one]))

test('an alert that comes, changes or goes is told once, for each of its labels', () => {
  const pending = known(alert('pending'))
  expect(changesOf(known(), pending)).toEqual([alert('pending')])
  expect(changesOf(pending, pending)).toEqual([])
  const both = known(alert('firing'), alert('pending', '1'))
  expect(changesOf(pending, both)).toEqual([alert('firing'), alert('pending', '1')])
  expect(changesOf(both, known(alert('firing')))).toEqual([
    { ...alert('pending', '1'), state: 'inactive' },
  ])
})

test('the file of a target is whole, says whose run it is, and goes with it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'targets-'))
  const path = join(folder, 'live.json')
  writeTargetFile(path, { address: '127.0.0.1:3002', run: '01-a', variant: 'reference' })
  const labels = {
    run: '01-a',
    variant: 'reference',
    component: 'websocket-server',
    service: 'dashstream',
  }
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual([{ targets: ['127.0.0.1:3002'], labels }])
  expect(readdirSync(folder)).toEqual(['live.json'])
  removeTargetFile(path)
  removeTargetFile(path)
  expect(existsSync(path)).toBe(false)
  rmSync(folder, { recursive: true })
})
