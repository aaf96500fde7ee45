/** What children may know and say, without starting any. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openChildLog } from './child-log.ts'
import { childEnvironment, secretsOf } from './environment.ts'
import { identify, isRunning } from './processes.ts'
import { holdPorts, isTaken } from './ports.ts'
import { Trouble, isTrouble } from './trouble.ts'

const folder = mkdtempSync(join(tmpdir(), 'world-'))
afterAll(() => rmSync(folder, { recursive: true }))

const openLog = (name: string, bytesMax: number, secrets: string[] = []) => {
  const lines: string[] = []
  const file = join(folder, name)
  const log = openChildLog({ file, bytesMax, secrets, onLine: (line) => lines.push(line) })
  return { log, lines, file }
}

test('a child inherits what it needs to run, and none of the settings of a shell', () => {
  process.env['KAFKA_BROKERS'] = 'somewhere:9092'
  const env = childEnvironment({ REDIS_URL: 'redis://127.0.0.1:1' })
  expect(env['PATH']).toBe(process.env['PATH'])
  expect(env['REDIS_URL']).toBe('redis://127.0.0.1:1')
  expect(env).not.toHaveProperty('KAFKA_BROKERS')
  delete process.env['KAFKA_BROKERS']
})

test('secrets are known by their names, and never reach a log, however the text is cut', () => {
  const secrets = secretsOf({ WEBSOCKET_AUTH_TOKEN: 'hunter22', HOST: 'localhost', API_KEY: '1' })
  expect(secrets).toEqual(['hunter22'])
  const { log, lines, file } = openLog('secret.log', 10_000, secrets)
  log.take('the token is hun')
  log.take('ter22, keep it\nlast words: hunter22')
  log.close()
  expect(lines).toEqual(['the token is [redacted], keep it', 'last words: [redacted]'])
  expect(readFileSync(file, 'utf8')).not.toContain('hunter22')
  expect(log.tail()).not.toContain('hunter22')
})

test('a log keeps its newest lines within its bound, for any output of the child', () => {
  const { log, file } = openLog('big.log', 10_000)
  for (let n = 0; n < 2_000; n++) log.take(`line ${n}\n`)
  log.close()
  const bytes = statSync(file).size + (existsSync(`${file}.1`) ? statSync(`${file}.1`).size : 0)
  expect(bytes).toBeLessThanOrEqual(10_000)
  expect(readFileSync(file, 'utf8')).toContain('line 1999\n')
  expect(log.tail().split('\n').at(-1)).toBe('line 1999')
})

test('a line without an end is cut off, not kept', () => {
  const { log, lines } = openLog('endless.log', 1_000_000)
  for (let n = 0; n < 10; n++) log.take('x'.repeat(20_000))
  log.close()
  expect(lines.join('')).toHaveLength(200_000)
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(90_000)
})

test('a process is itself, and not another one with its id', () => {
  const me = identify(process.pid)
  expect(me && isRunning(me)).toBe(true)
  expect(isRunning({ pid: process.pid, start: 'another birth' })).toBe(false)
  expect(identify(2 ** 22 + 1)).toBeUndefined()
})

test('held ports are taken until they are released, and no two are the same', async () => {
  const held = await holdPorts(5, 'ports')
  expect(new Set(held.ports).size).toBe(5)
  expect(await Promise.all(held.ports.map(isTaken))).toEqual(held.ports.map(() => true))
  const others = await holdPorts(5, 'ports')
  expect(others.ports.filter((port) => held.ports.includes(port))).toEqual([])
  await Promise.all([held.release(), others.release()])
  expect(await Promise.all(held.ports.map(isTaken))).toEqual(held.ports.map(() => false))
  const later = await holdPorts(5, 'ports')
  const earlier = new Set([...held.ports, ...others.ports])
  expect(later.ports.filter((port) => earlier.has(port))).toEqual([])
  await later.release()
})

test('trouble says what was wanted and what to do, and keeps its cause', () => {
  const trouble = new Trouble('port-taken', 'wanted port 1', 'free it', new Error('EADDRINUSE'))
  expect(trouble.message).toBe('wanted port 1\n  fix: free it')
  expect(trouble.cause).toBeInstanceOf(Error)
  expect(isTrouble(trouble, 'port-taken') && !isTrouble(trouble, 'disk-full')).toBe(true)
})
