/** Settings become environment variables and come back unchanged; times are reported or known. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseSettings } from '../../relay/tables/settings-parse.ts'
import { settingRows, type SettingKey } from '../../relay/tables/settings.ts'
import type { RelaySettings } from './timing.ts'
import { environmentOf, knownOfReference, sourcedTiming, timingOf } from './environment.ts'

const numbers = (Object.keys(settingRows) as SettingKey[]).filter(
  (key) => settingRows[key].kind === 'number',
)

const share = fc.double({ min: 0, max: 1, noNaN: true })

test('what a relay reads is what was asked for, in every unit', () => {
  fc.assert(
    fc.property(fc.constantFrom(...numbers), share, (key, at) => {
      const row = settingRows[key]
      if (row.kind !== 'number') return
      const { min, max } = row
      const inContract = Math.max(Math.round(min + at * (max - min)), min, 1)
      const asked = { [key]: inContract * row.scale } as RelaySettings
      const env = environmentOf(asked)
      expect(env).toEqual({ [row.env]: String(inContract) })
      const parsed = parseSettings(env)
      // A value that contradicts another one is refused as a whole; units have no part in it.
      fc.pre(parsed.ok)
      expect(parsed.ok && parsed.settings[key]).toBe(asked[key])
    }),
  )
})

test('words, flags and lists are written as the contract has them', () => {
  const asked: RelaySettings = { kafkaOnDecodeError: 'pause', trustedProxies: ['10.0.0.1', '::1'] }
  const parsed = parseSettings(environmentOf(asked))
  expect(parsed.ok && parsed.settings).toMatchObject(asked)
})

describe('timing', () => {
  const asked = { healthWindowMs: 6_000, connectionsPerIpMax: 7, sendTimeoutMs: 2_000 }
  const sources = (known: Parameters<typeof sourcedTiming>[1]) => sourcedTiming(asked, known)

  test('of a target that reports it is what it reports, not what was set', () => {
    const told = { healthWindowMs: 120_000, lagIntervalMs: 10_000, sendTimeoutMs: 'soon' }
    const timing = timingOf(asked, { told })
    expect(timing).toMatchObject({ healthWindowMs: 120_000, lagIntervalMs: 10_000 })
    expect(timing.sendTimeoutMs).toBe(2_000)
  })

  test('of one that reports nothing is what the user states, else what every relay has', () => {
    const found = sources({ told: {}, given: { healthWindowMs: 60_000, pingIntervalMs: 5_000 } })
    expect(found.healthWindowMs).toEqual({ value: 60_000, source: 'given' })
    expect(found.pingIntervalMs).toEqual({ value: 5_000, source: 'given' })
    expect(found.sendTimeoutMs).toEqual({ value: 2_000, source: 'asked' })
    expect(found.lagIntervalMs.source).toBe('contract')
  })

  test('nothing of ours is assumed of a relay that does not report it', () => {
    const found = sources({ told: {} })
    for (const key of ['pingIntervalMs', 'commitIntervalMs', 'kafkaSessionTimeoutMs'] as const) {
      expect(found[key]).toEqual({ value: undefined, source: undefined })
    }
    // A window of ours that DashFlow has fixed is not shortened because we asked for it.
    expect(found.healthWindowMs).toEqual({ value: 120_000, source: 'contract' })
  })

  test('the reference reports everything', () => {
    const timing = timingOf(asked, knownOfReference(asked))
    expect(timing).toMatchObject(asked)
    expect(Object.values(timing)).not.toContain(undefined)
  })
})
