/** A proxy of the shell is never asked for what is on this machine, however it is called. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { repoRoot } from '../world/places.ts'

const folder = mkdtempSync(join(tmpdir(), 'proxy-'))
const asked: string[] = []
const proxy = createServer((request, response) => {
  asked.push(String(request.url))
  response.end('proxy')
})
const relay = createServer((_, response) => response.end('relay'))
const portOf = (server: typeof relay) => (server.address() as AddressInfo).port

/** What the harness and its libraries use; the toolchain's own door runs it as it runs commands. */
const calls = `import { get } from 'node:http'
const [url] = process.argv.slice(2)
const text = (one) => new Promise((resolve) => {
  get(one, async (answer) => resolve(String(await answer.toArray()))).on('error', resolve)
})
const socket = new WebSocket(url.replace('http', 'ws'))
await new Promise((resolve) => socket.addEventListener('error', resolve))
const far = await text('http://far.invalid/')
console.log(JSON.stringify([await (await fetch(url)).text(), await text(url), far]))
process.exit(0)
`

beforeAll(async () => {
  const rooms = join(folder, 'harness/toolchain')
  mkdirSync(rooms, { recursive: true })
  const room = join(repoRoot, 'harness/toolchain')
  for (const file of ['bootstrap.mjs', 'pins.json']) cpSync(join(room, file), join(rooms, file))
  mkdirSync(join(folder, 'harness/cli'))
  writeFileSync(join(folder, 'harness/cli/launch.ts'), calls)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  for (const server of [proxy, relay]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }
})
afterAll(() => {
  for (const server of [proxy, relay]) server.close()
  rmSync(folder, { recursive: true })
})

const ways: readonly [string, readonly string[], Record<string, string>][] = [
  ['a variable', [], { NODE_USE_ENV_PROXY: '1' }],
  ['an option', ['--use-env-proxy'], {}],
  ['options in a variable', [], { NODE_OPTIONS: '--use-env-proxy' }],
  ['a variable, beside names of others', [], { NODE_USE_ENV_PROXY: '1', NO_PROXY: 'inside' }],
]

test.each(ways)('by %s', async (_, flags, variables) => {
  asked.length = 0
  const at = `http://127.0.0.1:${portOf(proxy)}`
  const env = { PATH: process.env['PATH'], HTTP_PROXY: at, http_proxy: at, ...variables }
  const bootstrap = join(folder, 'harness/toolchain/bootstrap.mjs')
  const url = `http://127.0.0.1:${portOf(relay)}/`
  const run = promisify(execFile)(process.execPath, [...flags, bootstrap, url], { env })
  expect(JSON.parse((await run).stdout)).toEqual(['relay', 'relay', 'proxy'])
  expect(asked).toEqual(['http://far.invalid/'])
})
