/** Targets as commands: ready, never ready, gone at once, and behind a wrapper. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { identify, ownedBy } from '../world/processes.ts'
import { isTrouble } from '../world/trouble.ts'
import { openWorld, type World } from '../world/world.ts'
import { startTarget } from './start.ts'
import type { TargetSpec } from './target.ts'

const state = mkdtempSync(join(tmpdir(), 'spawned-'))
const logFile = join(state, 'relay.log')
let world: World
beforeAll(async () => (world = await openWorld(clock, state)))
afterAll(async () => {
  await world?.close()
  rmSync(state, { recursive: true, force: true })
})

const events: (readonly [pid: number, edge: string])[] = []
const start = (spec: TargetSpec, readyLimitMs = 1_500) =>
  startTarget(world, spec, {
    settings: {},
    kafkaBrokers: ['127.0.0.1:1'],
    redisUrl: 'redis://127.0.0.1:1',
    topic: 'a',
    dlqTopic: 'b',
    groupId: 'c',
    logFile,
    readyLimitMs,
    onProcess: (pid, edge) => void events.push([pid, edge]),
  })

/** A server that answers every page with a status, as a shell command. */
const answering = (status: number) =>
  `'${process.execPath}' -e 'require("node:http").createServer((_, answer) => ` +
  `{ answer.statusCode = ${status}; answer.end() })` +
  `.listen(Number(process.env.WEBSOCKET_PORT), process.env.WEBSOCKET_HOST)'`

const command = (text: string): TargetSpec => ({ kind: 'command', command: text })
const unready = (says: RegExp) => (error: unknown) =>
  isTrouble(error, 'target-unready') && says.test(error.message)

test.each([
  ['answers 500', answering(500), /GET \/readyz answered 500.*what to do: it must listen/s],
  ['has no page at all', answering(404), /GET \/health answered 404/],
  ['never listens', 'echo still thinking; sleep 1000', /ECONNREFUSED.*still thinking/s],
  ['exits at once', 'echo no config; exit 3', /code 3.*no config/s],
  ['is no program', 'no-such-program', /code 127.*not found/s],
])('a command that %s is trouble in bounded time, and ends', async (_, text, says) => {
  const beganMs = clock.nowMs()
  await expect(start(command(text))).rejects.toSatisfy(unready(says))
  expect(clock.nowMs() - beganMs).toBeLessThan(10_000)
  expect(ownedBy(world.mark)).toEqual([])
})

test('a URL where nobody listens is trouble in bounded time', async () => {
  const spec = { kind: 'url', url: 'http://127.0.0.1:1' } as const
  await expect(start(spec)).rejects.toSatisfy(unready(/GET \/readyz got no answer \(ECONNREF/))
})

test('behind a wrapper, the process that has the socket is the relay', async () => {
  const target = await start(command(`NAME=x true && ${answering(200)}; echo done`), 10_000)
  const relay = target.process
  const pid = relay?.pid as number
  expect(ownedBy(world.mark).length).toBe(2)
  expect(events).toEqual([[pid, 'start']])
  await relay?.kill('SIGKILL', 5_000)
  expect(identify(pid)).toBeUndefined()
  expect(ownedBy(world.mark)).toEqual([])
  await relay?.start(10_000)
  expect(relay?.pid).not.toBe(pid)
  await target.stop()
  expect(ownedBy(world.mark)).toEqual([])
}, 30_000)
