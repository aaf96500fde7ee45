/** What a Redis that falls silent costs, however many are waiting for it. */
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { sleep, systemClock as clock } from '../world/clock.ts'
import { RedisLink } from './redis.ts'

test('a connection is dropped once, by the first that notices', async () => {
  const warnings: string[] = []
  const onWarning = ({ name }: Error) => void warnings.push(name)
  process.on('warning', onWarning)
  const silent = createServer((socket) => socket.resume()).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const url = `redis://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const link = new RedisLink({ url, clock, timeoutMs: 100, onConnect: async () => undefined })
  const kept = link.keep()
  while (!link.isUp) await sleep(clock, 5)
  const asked = Array.from({ length: 20 }, () => link.run([['PING']]))
  const outcomes = await Promise.allSettled(asked)
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(20)
  link.close()
  await kept
  silent.close()
  await sleep(clock, 10)
  process.off('warning', onWarning)
  expect(warnings).toEqual([])
})
