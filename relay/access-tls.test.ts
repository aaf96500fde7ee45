/** TLS on the relay's own listener: pages, sockets, and certificates that are renewed meanwhile. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectPlain, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { certificateProblems } from './adapters/certificates.ts'
import { get, local, open, say, statusOf, stopAll, upgrade } from './access-testbed.ts'
import { ByteLog } from './log/byte-log.ts'
import { recordFrames } from './log/frames.ts'
import type { Outlet } from './stages/seam.ts'
import { openOutlet } from './stages/send.ts'
import { parseSettings } from './tables/settings-parse.ts'
import { sleep, systemClock as clock } from './world/clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'access-tls-'))
const at = (name: string) => join(folder, name)
/** The key and a certificate that vouches for itself. */
function issue(name: string): void {
  const made = ['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`), '-days', '2']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  execFileSync('openssl', ['req', ...kind, ...made, ...names], { stdio: 'pipe' })
}
/** In one step, as mounted secrets are replaced. */
function use(name: string): void {
  for (const kind of ['key', 'pem']) {
    writeFileSync(at('next'), readFileSync(at(`${name}.${kind}`)))
    renameSync(at('next'), at(`used.${kind}`))
  }
}
const env = { WEBSOCKET_TLS_CERT_FILE: at('used.pem'), WEBSOCKET_TLS_KEY_FILE: at('used.key') }
const problemsOf = (more: Readonly<Record<string, string>>) => {
  const parsed = parseSettings({ ...env, ...more }, certificateProblems)
  return parsed.ok ? [] : parsed.problems
}

beforeAll(() => {
  for (const name of ['one', 'two']) issue(name)
  use('one')
})
afterAll(async () => {
  await stopAll()
  rmSync(folder, { recursive: true, force: true })
}, 30_000)

function secure(port: number, name: string): TLSSocket {
  const socket = connect({ port, host: '127.0.0.1', ca: readFileSync(at(`${name}.pem`)) })
  return socket.on('error', () => undefined)
}
const ask = (port: number, name: string) => {
  return say(port, get('/livez', local), /\r\n\r\n./s, secure(port, name))
}
const ping = Buffer.concat([
  Buffer.of(0x81, 0x8f, 0, 0, 0, 0),
  Buffer.from('{"type":"ping"}'),
])

test('pages and sockets are served by TLS, and by nothing else', async () => {
  const port = await open(env)
  expect(statusOf(await ask(port, 'one'))).toBe(200)
  const asked = Buffer.concat([Buffer.from(upgrade(local)), ping])
  const came = await say(port, asked, /"pong"/, secure(port, 'one'))
  expect(statusOf(came)).toBe(101)
  expect(came).toContain('{"type":"pong"}')
  expect(await say(port, get('/livez', local))).not.toContain('200 OK')
  const evil = get('/livez', 'Host: evil.example')
  expect(statusOf(await say(port, evil, /\r\n\r\n./s, secure(port, 'one')))).toBe(421)
})

test('a renewed certificate is used, and connected clients stay connected', async () => {
  use('one')
  const port = await open(env)
  const before = secure(port, 'one')
  let came = ''
  before.on('data', (chunk) => (came += chunk.toString('latin1')))
  before.write(upgrade(local))
  // The pair does not fit while only half of it is there, and the old one stays.
  writeFileSync(at('used.pem'), readFileSync(at('two.pem')))
  await sleep(clock, 6_000)
  expect(statusOf(await ask(port, 'one'))).toBe(200)
  use('two')
  let status = 0
  for (let tries = 0; tries < 40 && status !== 200; tries += 1) {
    await sleep(clock, 250)
    status = statusOf(await ask(port, 'two'))
  }
  expect(status).toBe(200)
  before.write(ping)
  for (let tries = 0; tries < 40 && !came.includes('pong'); tries += 1) await sleep(clock, 25)
  expect(came).toContain('{"type":"pong"}')
  before.destroy()
}, 30_000)

test('peers that never begin with TLS are closed in time, and block no other', async () => {
  use('one')
  const port = await open({
    ...env,
    WEBSOCKET_HTTP_TIMEOUT_SECS: '2',
    WEBSOCKET_MAX_CONNECTIONS_PENDING: '4',
  })
  const silent = Array.from({ length: 6 }, () => connectPlain(port, '127.0.0.1').resume())
  for (const socket of silent) socket.on('error', () => undefined)
  await sleep(clock, 200)
  expect(silent.filter(({ closed }) => closed)).toHaveLength(2)
  expect(statusOf(await ask(port, 'one'))).toBe(200)
  await sleep(clock, 2_500)
  expect(silent.filter(({ closed }) => !closed)).toHaveLength(0)
}, 15_000)

test('a stream of records comes whole, also where the client takes it slowly', async () => {
  use('one')
  const pair = { cert: readFileSync(at('one.pem')), key: readFileSync(at('one.key')) }
  const log = new ByteLog({ bytesMax: 64 * 1_024 * 1_024, recordsMax: 10_000 })
  const outlets: Outlet[] = []
  const server = createServer(pair, (socket) => {
    const outlet = openOutlet({ ...outletNeeds, socket, log })
    outlets.push(outlet)
    outlet.goLive()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = secure((server.address() as AddressInfo).port, 'one')
  const digest = createHash('sha256')
  const seen = { bytes: 0 }
  client.on('data', (chunk) => {
    seen.bytes += chunk.length
    digest.update(chunk)
    client.pause()
    setImmediate(() => client.resume())
  })
  while (outlets.length === 0) await sleep(clock, 5)
  const wanted = createHash('sha256')
  const made = { bytes: 0 }
  for (let offset = 0n; offset < 300n; offset += 1n) {
    const value = Buffer.alloc(Number(offset % 7n) * 20_000 + 1, Number(offset))
    const frames = recordFrames(0, offset, value)
    wanted.update(frames)
    made.bytes += frames.length
    log.append(0, offset, value)
    outlets[0]!.wake()
    if (offset % 16n === 0n) await sleep(clock, 1)
  }
  for (let tries = 0; tries < 1_000 && seen.bytes < made.bytes; tries += 1) await sleep(clock, 10)
  expect([seen.bytes, digest.digest('hex')]).toEqual([made.bytes, wanted.digest('hex')])
  client.destroy()
  server.close()
}, 15_000)

const nothing = () => undefined
const outletNeeds = {
  deadline: { limitMs: () => 5_000, gaveUp: nothing, effective: {} },
  writeBytesMax: 256 * 1_024,
  controlBytesMax: 1_024,
  queues: { add: () => undefined },
  slices: { isOver: false, next: () => Promise.resolve() },
  onLapped: nothing,
  onDrained: nothing,
  onClosed: nothing,
}

describe('files that cannot be used stop the start', () => {
  test.each([
    [{ WEBSOCKET_TLS_KEY_FILE: '' }, /must be set together/],
    [{ WEBSOCKET_TLS_CERT_FILE: at('nowhere.pem') }, /WEBSOCKET_TLS_CERT_FILE: wanted a PEM/],
    [{ WEBSOCKET_TLS_KEY_FILE: at('used.pem') }, /WEBSOCKET_TLS_KEY_FILE: wanted a PEM private/],
    [{ WEBSOCKET_TLS_KEY_FILE: at('two.key') }, /wanted the key of WEBSOCKET_TLS_CERT_FILE/],
    [{ WEBSOCKET_TLS_CRT_FILE: at('used.pem') }, /did you mean WEBSOCKET_TLS_CERT_FILE\?/],
  ])('%j', (more, wanted) => {
    use('one')
    const asked = 'WEBSOCKET_TLS_CRT_FILE' in more ? { ...more, WEBSOCKET_TLS_CERT_FILE: '' } : more
    expect(problemsOf(asked).join('\n')).toMatch(wanted)
  })
})
