/** What was typed: taken as it was meant, or refused with the name that is near. */
import { describe, expect, test } from 'vitest'
import { scenarioNames } from '../../scenarios/index.ts'
import { allMalformedKinds } from '../records/malformed.ts'
import { UsageError } from '../world/exit-codes.ts'
import { selectFinding, selectKinds, selectScenarios, selectSettings } from './select.ts'

describe('what is known is taken', () => {
  test('malformed kinds', () => {
    expect(selectKinds('garbage,tombstone')).toEqual(['garbage', 'tombstone'])
    expect(selectKinds('all,-garbage')).toEqual(
      allMalformedKinds.filter((kind) => kind !== 'garbage'),
    )
    expect(() => selectKinds('garbadge')).toThrow(/mean "garbage"/)
    expect(() => selectKinds('garbage,-garbage')).toThrow(/no malformed kind/)
  })

  test('scenarios by name and by suite', () => {
    const lag = 'lag-gauge-is-correct'
    expect(selectScenarios([lag], undefined)[0]?.name).toBe(lag)
    const hints: string[] = []
    const former = selectScenarios(['lag-tells-the-truth'], undefined, (says) => hints.push(says))
    expect(former[0]?.name).toBe('lag-gauge-is-correct')
    expect(hints).toEqual([expect.stringContaining('is now lag-gauge-is-correct')])
    const quick = selectScenarios([], undefined).map(({ name }) => name)
    expect(quick).toContain('lag-gauge-is-correct')
    expect(quick).not.toContain('memory-stays-flat')
    expect(quick).toEqual(scenarioNames.filter((name) => quick.includes(name)))
  })

  test('settings by our name in our unit, and by the contract’s in its own', () => {
    expect(selectSettings(['healthWindowMs=6000'])).toEqual({ healthWindowMs: 6_000 })
    expect(selectSettings(['WEBSOCKET_SEND_TIMEOUT_SECS=4', 'kafkaOnDecodeError=pause'])).toEqual({
      sendTimeoutMs: 4_000,
      kafkaOnDecodeError: 'pause',
    })
  })
})

describe('what is not known is refused with what was meant', () => {
  test.each([
    [() => selectScenarios(['lag-gauge-is-corect'], undefined), /mean "lag-gauge-is-correct"/],
    [() => selectScenarios([], 'nigthly'), /mean "nightly"/],
    [() => selectScenarios(['x'], 'quick'), /not both/],
    [() => selectFinding('v8L1'), /mean "v8-L1"/],
    [() => selectSettings(['healthWindwMs=1']), /mean "healthWindowMs"/],
    [() => selectSettings(['healthWindowMs']), /wants name=value/],
    [() => selectSettings(['=5']), /wants name=value/],
    [() => selectSettings(['healthWindowMs=']), /wants a number/],
    [() => selectSettings(['healthWindowMs=1500']), /whole number/],
    [() => selectSettings(['sendTimeoutMs=-5']), /wanted a whole number/],
    [() => selectSettings(['sendTimeoutMs=-5000']), /wanted 1 to \d+ s, or 0 for .*found -5/],
    [() => selectSettings(['WEBSOCKET_SEND_TIMEOUT_SECS=99999']), /wanted 1 to \d+ s.*99999/],
    [() => selectSettings(['connectionsPerIpMax=0']), /wanted \d+ to \d+ count/],
    [() => selectSettings(['kafkaOnDecodeError=explode']), /wanted one of/],
  ])('%s', (select, says) => {
    expect(select).toThrow(UsageError)
    expect(select).toThrow(says)
  })
})
