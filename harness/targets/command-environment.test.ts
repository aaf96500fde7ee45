/** Variables and knowledge of a foreign relay: taken, or refused with what to do instead. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { UsageError } from '../world/exit-codes.ts'
import { retyped } from '../world/option-rows.ts'
import { environmentOptions, selectEnv } from './command-environment.ts'
import { selectKnown } from './known-timing.ts'

const folder = mkdtempSync(join(tmpdir(), 'options-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fileOf = (text: string) => {
  const file = join(folder, 'env')
  writeFileSync(file, text)
  return file
}

describe('variables', () => {
  test('none were asked for: none are given', () => {
    expect(selectEnv({}, { PATH: '/bin' })).toBeUndefined()
  })

  test('one by one, from a file, and inherited; what is given last wins', () => {
    const envFile = fileOf('# of the relay\nexport B=file\nC="two words"\n\nD=file\n')
    const given = { env: ['A=1', 'B=x=y', 'E='], envFile, inheritEnv: true }
    const inherited = { A: 'shell', D: 'shell', F: 'shell', GONE: undefined }
    expect(selectEnv(given, inherited)).toEqual({
      A: '1', B: 'x=y', C: 'two words', D: 'file', E: '', F: 'shell',
    })
  })

  test('what a shell has of the contract is not inherited', () => {
    const inherited = { KAFKA_BROKERS: 'prod:9092', WEBSOCKET_SEND_TIMEOUT_SECS: '1', HOME: '/h' }
    expect(selectEnv({ inheritEnv: true }, inherited)).toEqual({ HOME: '/h' })
  })

  test.each([
    [['KAFKA_BROKERS=a:1'], /KAFKA_BROKERS is set by the harness.*--stack/],
    [['WEBSOCKET_PORT=3002'], /WEBSOCKET_PORT is set by the harness/],
    [['WEBSOCKET_SEND_TIMEOUT_SECS=5'], /use --set WEBSOCKET_SEND_TIMEOUT_SECS=value/],
    [['no-name=1'], /wants NAME=value, got "no-name=…"/],
    [['NAME'], /wants NAME=value/],
  ])('%j is refused', (env, says) => {
    expect(() => selectEnv({ env }, {})).toThrow(UsageError)
    expect(() => selectEnv({ env }, {})).toThrow(says)
  })

  test.each([
    ['KAFKA_TOPIC=mine\n', /KAFKA_TOPIC is set by the harness/],
    ['A=1\nwhat is this\n', /line 2: wanted NAME=value/],
  ])('a file with %j is refused', (text, says) => {
    expect(() => selectEnv({ envFile: fileOf(text) }, {})).toThrow(says)
  })

  test('a file that is not there is refused', () => {
    expect(() => selectEnv({ envFile: '/no/such' }, {})).toThrow(/--env-file wants a file/)
  })

  test('they stand in the line that repeats the run, without secrets', () => {
    const given = { env: ['A=b c', 'API_TOKEN=hush'], envFile: 'f', inheritEnv: true }
    expect(retyped(environmentOptions, given)).toEqual([
      '--env', 'A=b c', '--env', 'API_TOKEN=…', '--env-file', 'f', '--inherit-env',
    ])
  })
})

describe('what is known', () => {
  test('in milliseconds and counts', () => {
    expect(selectKnown([])).toEqual({})
    expect(selectKnown(['pingIntervalMs=25000', 'ringRecordsMax=0'])).toEqual({
      known: { pingIntervalMs: 25_000, ringRecordsMax: 0 },
    })
  })

  test.each([
    ['pingIntervlMs=1', /mean "pingIntervalMs"/],
    ['pingIntervalMs', /wants name=value/],
    ['pingIntervalMs=-1', /wants milliseconds, 0 or more; got "-1"/],
    ['ringRecordsMax=many', /wants a count/],
    ['ringRecordsMax=', /wants a count/],
  ])('%s is refused', (pair, says) => {
    expect(() => selectKnown([pair])).toThrow(UsageError)
    expect(() => selectKnown([pair])).toThrow(says)
  })
})
