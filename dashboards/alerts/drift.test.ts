/** The copies of the rules say what the table says, and a copy that does not is noticed. */
import { readFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'
import { describe, expect, it } from 'vitest'
import { driftOf } from './drift.ts'
import { kubernetesRulesPath, rulesPath } from './printed.ts'
import type { PrintedGroup } from './render.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const plain = read(rulesPath)

describe.each([rulesPath, kubernetesRulesPath])('%s', (path) => {
  const text = read(path)
  it('says what the table says', () => {
    expect(driftOf(text)).toEqual([])
  })

  it.each([
    ['a threshold', '>= 10 and', '>= 11 and', ['KafkaInfraErrorsCritical: expr is']],
    ['the copy of one tier', '>= 5 and', '> 0 and', ['KafkaInfraErrorsHigh: expr is']],
    ['a duration', 'for: 10m', 'for: 9m', ['QueueNearlyFull: for is "9m", and "10m"']],
    ['a severity', 'severity: none', 'severity: high', ['Watchdog: labels.severity is "high"']],
    ['a text', 'has no Redis.', 'has Redis.', ['ReplayRedisDisconnected: annotations.summary']],
    [
      'a name',
      'alert: StreamSilent',
      'alert: Silent',
      ['StreamSilent is missing', 'Silent is not'],
    ],
  ])('is noticed with %s changed', (_, before, after, says) => {
    expect(text.split(before)).toHaveLength(2)
    const found = driftOf(text.replace(before, after))
    expect(found).toEqual(says.map((one) => expect.stringContaining(one)))
  })
})

const changed = (change: (groups: PrintedGroup[]) => unknown): string[] => {
  const file = parse(plain) as { groups: PrintedGroup[] }
  change(file.groups)
  return driftOf(stringify(file))
}

it('does not mind comments, quotes, line breaks, or the order', () => {
  expect(
    driftOf(`# mine\n${stringify(parse(plain), { defaultStringType: 'QUOTE_SINGLE' })}`),
  ).toEqual([])
  expect(changed((groups) => groups.reverse())).toEqual([])
})

it('notices a rule that is gone, and one that stands twice', () => {
  expect(changed((groups) => groups.pop())).toHaveLength(6)
  expect(changed((groups) => groups.push(groups[0] as PrintedGroup))).toHaveLength(4)
})

it('says of a broken or empty copy that it is one', () => {
  expect(driftOf('groups: [')).toEqual([expect.stringContaining('it is not YAML')])
  expect(driftOf('').length).toBeGreaterThan(50)
})
