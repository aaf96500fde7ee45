/** Targets as commands: ready, never ready, gone immediately, ending, and behind a wrapper. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { identify, ownedBy } from '../world/processes.ts'
import { isTrouble } from '../world/trouble.ts'
import { openWorld, type World } from '../world/world.ts'
import type { CommandTarget } from './command.ts'
import { startTarget, type TargetSpec } from './registry.ts'

const state = mkdtempSync(join(tmpdir(), 'spawned-'))
const logFile = join(state, 'relay.log')
let world: World
beforeAll(async () => (world = await openWorld(clock, state)))
afterAll(async () => {
  await world?.close()
  rmSync(state, { recursive: true, force: true })
})

const events: (readonly [edge: string, code: number | null, signal: string | null])[] = []
const lines: string[] = []
const pids = new Set<number>()
beforeEach(() => {
  events.splice(0)
  lines.splice(0)
  pids.clear()
})
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
    onProcess(pid, edge, code, signal) {
      pids.add(pid)
      events.push([edge, code, signal])
    },
    onLine: (line) => void lines.push(line),
  })

/** A server that answers every page with a status, as a command; `more` runs in it first. */
const answering = (status: number, more = '') =>
  `'${process.execPath}' -e '${more};require("node:http").createServer((_, answer) => ` +
  `{ answer.statusCode = ${status}; answer.end() })` +
  `.listen(Number(process.env.WEBSOCKET_PORT), process.env.WEBSOCKET_HOST)'`
const onTerm = (work: string) => answering(200, `process.on("SIGTERM", () => { ${work} })`)

const command = (text: string, more: Partial<CommandTarget> = {}): TargetSpec => {
  return { kind: 'command', command: text, ...more }
}
const shell = (text: string) => command(text, { isShell: true })
const unready = (says: RegExp) => (error: unknown) =>
  isTrouble(error, 'target-unready') && says.test(error.message)

test.each([
  ['answers 500', command(answering(500)), /GET \/readyz answered 500.*it must listen/s],
  ['has no page at all', command(answering(404)), /GET \/health answered 404/],
  ['never listens', shell('echo still thinking; sleep 1000'), /ECONNREFUSED.*still thinking/s],
  ['exits immediately', shell('echo no config; exit 3'), /code 3.*no config/s],
  ['is no program', command('no-such-program'), /cannot start no-such-program.*ENOENT/s],
  ['is none to the shell either', shell('no-such-program'), /code 127.*not found/s],
  ['needs a shell', command('a && b'), /cannot be run without a shell.*--shell/s],
])('a command that %s is trouble in bounded time, and ends', async (_, spec, says) => {
  const beganMs = clock.nowMs()
  await expect(start(spec)).rejects.toSatisfy(unready(says))
  expect(clock.nowMs() - beganMs).toBeLessThan(10_000)
  expect(ownedBy(world.mark)).toEqual([])
})

test('a URL at which nothing listens is trouble in bounded time', async () => {
  const spec = { kind: 'url', url: 'http://127.0.0.1:1' } as const
  await expect(start(spec)).rejects.toSatisfy(unready(/GET \/readyz got no answer \(ECONNREF/))
})

test('no shell stands between us and the relay: the process that we start is its own', async () => {
  const target = await start(command(answering(200)), 10_000)
  const [one, ...others] = ownedBy(world.mark)
  expect(others).toEqual([])
  expect(readFileSync(`/proc/${one?.pid}/cmdline`, 'utf8')).toMatch(/^[^\0]*node\0-e\0/)
  expect(target.process?.pid).toBe(one?.pid)
  // A server that does not listen to the signal is ended by it.
  expect(await target.stop()).toEqual({ code: null, isKilled: false })
  expect(events).toEqual([
    ['start', null, null],
    ['signal', null, 'SIGTERM'],
    ['exit', null, 'SIGTERM'],
  ])
}, 30_000)

test.each([
  ['in order', 'setTimeout(() => process.exit(0), 300)', [0, null]],
  ['with a code', 'process.exit(7)', [7, null]],
  ['by an abort', 'process.abort()', [null, 'SIGABRT']],
])('the relay is asked to end, and how it did is reported: %s', async (_, work, [code, signal]) => {
  for (const spec of [command(onTerm(work)), shell(`exec ${onTerm(work)}`)]) {
    events.splice(0)
    const target = await start(spec, 10_000)
    expect(await target.stop()).toEqual({ code, isKilled: false })
    expect(events.slice(1)).toEqual([
      ['signal', null, 'SIGTERM'],
      ['exit', code, signal],
    ])
  }
}, 30_000)

test('a relay that does not end is killed, and both signals are recorded', async () => {
  const target = await start(command(onTerm('')), 10_000)
  expect(await target.stop()).toEqual({ code: null, isKilled: true })
  expect(events.slice(1)).toEqual([
    ['signal', null, 'SIGTERM'],
    ['signal', null, 'SIGKILL'],
    ['exit', null, 'SIGKILL'],
  ])
}, 30_000)

test('it has its own variables and the contract’s, and its secrets are not shown', async () => {
  const says = 'console.log(process.env.A, process.env.KAFKA_TOPIC, process.env.MY_TOKEN)'
  const env = { A: 'own', KAFKA_TOPIC: 'other', MY_TOKEN: 'very-secret' }
  const target = await start(command(answering(200, says), { env }), 10_000)
  await target.stop()
  expect(lines).toEqual(['own a [redacted]'])
}, 30_000)

test('behind a wrapper, the process that has the socket is the relay', async () => {
  const late = onTerm('setTimeout(() => process.exit(5), 1000)')
  const target = await start(shell(`NAME=x true && ${late}; exit $?`), 10_000)
  const relay = target.process
  const pid = relay?.pid as number
  expect(ownedBy(world.mark).length).toBe(2)
  expect([...pids]).toEqual([pid])
  await relay?.kill('SIGKILL', 5_000)
  expect(identify(pid)).toBeUndefined()
  expect(ownedBy(world.mark)).toEqual([])
  await relay?.start(10_000)
  expect(relay?.pid).not.toBe(pid)
  // The shell is not asked, so it lives as long as the relay, and passes on how that ended.
  expect(await target.stop()).toEqual({ code: 5, isKilled: false })
  expect(ownedBy(world.mark)).toEqual([])
  expect(readFileSync(`${logFile}.start-2`, 'utf8')).toBe('')
}, 30_000)

test('a relay that dies behind a wrapper that lives on is seen to be gone', async () => {
  const dying = answering(200, 'setTimeout(() => process.exit(3), 1500)')
  const target = await start(shell(`${dying}; sleep 1000`), 10_000)
  await expect.poll(() => events.at(-1), { timeout: 5_000 }).toEqual(['exit', null, null])
  await target.stop()
  expect(ownedBy(world.mark)).toEqual([])
}, 30_000)
