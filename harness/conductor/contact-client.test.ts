/** Targets with another protocol: what each sends is reported in words. */
import { createHash } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { isOver, openContactClient, wrongWith } from './contact-client.ts'

let server: Server | undefined
afterEach(() => void server?.close())

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const accepted = (head: string): string => {
  const key = /Sec-WebSocket-Key: (.+)\r/.exec(head)?.[1] ?? ''
  const accept = createHash('sha1').update(key + guid).digest('base64')
  return (
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
  )
}
const frame = (first: number, payload: string | Buffer) => {
  const bytes = Buffer.from(payload)
  return Buffer.concat([Buffer.from([first, bytes.length]), bytes])
}
const text = (payload: string) => frame(0x81, payload)
const cursor = text('{"type":"cursor","partition":0,"offset":"7"}')
const record = Buffer.from('the record')

/** What is wrong with a target that does this once a client has shaken hands, or before. */
async function wrong(
  does: (socket: Socket, shakeHands: () => void) => void,
  sent: readonly Buffer[] | 'none' = [record],
): Promise<string | undefined> {
  server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (head) => does(socket, () => socket.write(accepted(head.toString()))))
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const client = openContactClient(clock, `127.0.0.1:${port}`)
  for (let i = 0; i < 40 && !isOver(client.heard); i += 1) await sleep(clock, 10)
  client.close()
  return wrongWith(client.heard, sent === 'none' ? undefined : sent)
}

test('a cursor and the record: nothing is wrong', async () => {
  const isRight = await wrong((socket, shake) => {
    shake()
    socket.write(Buffer.concat([text('{"type":"hello"}'), cursor, frame(0x82, record)]))
  })
  expect(isRight).toBeUndefined()
})

test.each<[string, Parameters<typeof wrong>[0], RegExp]>([
  ['no WebSocket', (socket) => socket.end('HTTP/1.1 404 Not Found\r\n\r\n'), /HTTP 404/],
  ['no HTTP', (socket) => socket.end('SSH-2.0-x\r\n\r\n'), /no HTTP answer \(not HTTP: SSH/],
  ['all closed immediately', (socket, shake) => {
    shake()
    socket.end(frame(0x88, Buffer.from([0x03, 0xf0])))
  }, /it ended the connection after \d+ ms with code 1008/],
  ['a goodbye that waits for ours', (socket, shake) => {
    shake()
    socket.write(frame(0x88, Buffer.from([0x03, 0xf3])))
  }, /it ended the connection after \d+ ms with code 1011/],
  ['all hung up on', (socket, shake) => {
    shake()
    socket.end()
  }, /ms without a close frame/],
  ['records as JSON', (socket, shake) => {
    shake()
    socket.write(text('{"record":1}'))
  }, /no record came; it said \{"record":1\}/],
  ['no cursors', (socket, shake) => {
    shake()
    socket.write(frame(0x82, record))
  }, /10 bytes came without a cursor/],
  ['other bytes', (socket, shake) => {
    shake()
    socket.write(Buffer.concat([cursor, frame(0x82, 'something')]))
  }, /9 bytes behind the cursor are not the record/],
  ['no frames', (socket, shake) => {
    shake()
    socket.write('hello, I speak lines\n')
  }, /no WebSocket stream/],
  ['nothing', (_, shake) => shake(), /no record came/],
])('%s', async (_, does, says) => {
  expect(await wrong(does)).toMatch(says)
})

test('where nothing was produced, silence is not wrong, and being closed is', async () => {
  expect(await wrong((_, shake) => shake(), 'none')).toBeUndefined()
  const closed = await wrong((socket, shake) => {
    shake()
    socket.end()
  }, 'none')
  expect(closed).toContain('it ended the connection')
})
