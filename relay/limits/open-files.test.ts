/** No more connections are promised than the process may have files. */
import { expect, test } from 'vitest'
import { parseSettings } from '../tables/settings-parse.ts'
import { pendingMax, withinOpenFiles } from './open-files.ts'

const parsed = parseSettings({})
if (!parsed.ok) throw new Error(parsed.problems.join('; '))
const { settings } = parsed

test('settings that fit, or an unknown limit, change nothing', () => {
  expect(withinOpenFiles(settings, 1_000_000)).toEqual({ settings })
  expect(withinOpenFiles(settings, undefined)).toEqual({ settings })
})

test('a lower limit lowers them, and says what was wanted, what was found, and what to do', () => {
  const { settings: used, warning } = withinOpenFiles(settings, 1_024)
  expect(used).toEqual({ ...settings, connectionsMax: 784 })
  expect(warning).toBe(
    'WEBSOCKET_MAX_CONNECTIONS: wanted 20000 connections, for which the process needs 21128 open ' +
      'files; found a limit of 1024; 784 connections are used (raise it with `ulimit -n 21128`)',
  )
})

test('what is no client yet takes what clients leave, and something is left for it', () => {
  const pending = (clients: number) => pendingMax(settings, clients, 1_024)
  expect([0, 500, 784].map(pending)).toEqual([896, 396, 112])
  expect(pendingMax(settings, 0)).toBe(settings.pendingConnectionsMax)
  expect(pendingMax(settings, 0, 1_000_000)).toBe(settings.pendingConnectionsMax)
})

test('however low it is, some clients are accepted', () => {
  expect(withinOpenFiles(settings, 1).settings.connectionsMax).toBe(1)
  expect(pendingMax(settings, 1, 1)).toBe(1)
})
