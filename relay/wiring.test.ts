/** The relay as it is put together: nothing is forgotten, and what is replaced is what is used. */
import { expect, test } from 'vitest'
import { Relay } from './relay.ts'
import { parseSettings } from './tables/settings-parse.ts'
import { wire } from './wiring.ts'
import { ManualClock } from './world/manual-clock-testbed.ts'

const quiet = () => undefined
const world = {
  clock: new ManualClock(),
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
}

function settings() {
  const parsed = parseSettings({})
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  return parsed.settings
}

test('every gauge has a source', () => {
  const wiring = wire(settings(), world)
  expect(new Relay(wiring)).toBeDefined()
  expect(wiring.metrics.scrape.unfed()).toEqual([])
})

test('an override replaces the part it names, may build on it, and leaves the rest', () => {
  const { parts } = wire(settings(), world, (reference) => ({
    sendDeadline: { ...reference.sendDeadline, limitMs: () => 7 },
  }))
  expect(parts.sendDeadline.limitMs('control')).toBe(7)
  expect(parts.sendDeadline.effective).toEqual({ send_timeout_secs: 5 })
  expect(parts.offsets.toCommit(3n, 3n)).toBe(3n)
})
