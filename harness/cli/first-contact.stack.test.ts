/**
 * A target that cannot be judged: reported once, in one sentence, and not by every scenario that
 * waits for its steady state. Real servers, and a small program that is no relay. What first
 * contact says of other targets is shown by the example relays.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { repoRoot } from '../world/places.ts'

const folder = mkdtempSync(join(tmpdir(), 'first-contact-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Pages answer 200, every client is shaken hands with, and then gets a text. */
const source = `
  import { createServer } from 'node:http'
  import { createHash } from 'node:crypto'
  const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
  const server = createServer((_, answer) => answer.end('{}'))
  server.on('upgrade', (request, socket) => {
    const key = request.headers['sec-websocket-key'] + guid
    const accept = createHash('sha1').update(key).digest('base64')
    socket.on('error', () => undefined)
    socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n' +
      'Connection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n')
    socket.write(Buffer.from('\\x81\\x0d{"record": 1}', 'latin1'))
  })
  process.on('SIGTERM', () => process.exit(0))
  server.listen(Number(process.env.WEBSOCKET_PORT), process.env.WEBSOCKET_HOST)`

function run(): Promise<{ code: number | null; out: string }> {
  const file = join(folder, 'relay.mjs')
  writeFileSync(file, source)
  const main = join(repoRoot, 'harness/cli/main.ts')
  const target = ['--target-command', `'${process.execPath}' '${file}'`]
  const two = ['lag-gauge-is-correct', 'connection-slots-are-released']
  const args = [main, 'run', ...two, ...target, '--out', join(folder, 'run')]
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.once('close', (code) => resolve({ code, out }))
  })
}

test('a target that speaks JSON: unknown, said at once and once more at the end', async () => {
  const { code, out } = await run()
  expect(code).toBe(2)
  expect(out.match(/no record came; it said \{"record": 1\}/g)).toHaveLength(2)
  expect(out).toContain('GET /readyz answered 200')
  expect(out).not.toContain('steady')
  expect(out).toMatch(/UNKNOWN Nothing was judged\.\n/)
  expect(out.match(/UNKNOWN/g)).toHaveLength(1)
}, 120_000)
