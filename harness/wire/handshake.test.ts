import { describe, expect, it } from 'vitest'
import { handshake, readAnswer } from './handshake.ts'
import { maskedFrame } from './frame-writer.ts'
import { unreadIn } from './kernel-queues.ts'
import { pace } from './pace.ts'

/** The example of RFC 6455, 1.3. */
const nonce = Buffer.from('the sample nonce')
const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
const good = [
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: keep-alive, Upgrade',
  `Sec-WebSocket-Accept: ${accept}`,
]
const answer = (lines: readonly string[], rest = '') =>
  readAnswer(Buffer.from(`${lines.join('\r\n')}\r\n\r\n${rest}`), accept)

describe('a handshake', () => {
  it('asks and expects as in RFC 6455', () => {
    const hello = handshake('ws://relay:8081/ws?a=b', nonce, ['Authorization: Bearer secret'])
    expect(hello).toMatchObject({ host: 'relay', port: 8_081, accept })
    expect(hello.request).toContain('GET /ws?a=b HTTP/1.1\r\nHost: relay:8081\r\n')
    expect(hello.request).toContain('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n')
    expect(hello.request).toContain('Authorization: Bearer secret\r\n')
  })

  it('needs a ws:// address', () => {
    expect(() => handshake('http://relay/ws', nonce)).toThrow(/ws:\/\/.*http:/)
  })

  it('is open where the frames begin', () => {
    const whole = Buffer.from(`${good.join('\r\n')}\r\n\r\n`)
    for (let end = 0; end < whole.length; end += 1) {
      expect(readAnswer(whole.subarray(0, end), accept)).toEqual({ is: 'partial' })
    }
    expect(answer(good, 'frames')).toEqual({ is: 'open', rest: whole.length })
  })

  it.each([
    ['a refusal', ['HTTP/1.1 429 Too Many Requests'], 429],
    ['another protocol', ['SSH-2.0-OpenSSH'], 0],
    ['no upgrade', good.toSpliced(1, 1), 101],
    ['no connection upgrade', good.toSpliced(2, 1), 101],
    ['another key', good.with(3, 'Sec-WebSocket-Accept: x'), 101],
    ['an extension', [...good, 'Sec-WebSocket-Extensions: permessage-deflate'], 101],
  ])('is refused by %s', (_, lines, status) => {
    expect(answer(lines)).toMatchObject({ is: 'refused', status })
  })

  it('is refused by an answer without an end', () => {
    const endless = Buffer.alloc(20_000, 'a')
    expect(readAnswer(endless, accept)).toMatchObject({ is: 'refused', status: 0 })
  })
})

it('a client frame is masked as in the example of RFC 6455, 5.7', () => {
  const mask = Buffer.from('37fa213d', 'hex')
  expect(maskedFrame('text', Buffer.from('Hello'), mask).toString('hex')).toBe(
    '818537fa213d7f9f4d5158',
  )
  for (const [size, head] of [[126, '82fe007e'], [65_536, '82ff0000000000010000']] as const) {
    const frame = maskedFrame('binary', Buffer.alloc(size), Buffer.alloc(4))
    expect(frame.toString('hex', 0, head.length / 2)).toBe(head)
    expect(frame).toHaveLength(head.length / 2 + 4 + size)
  }
})

it('a pace pauses until the budget is met', () => {
  let nowMs = 0
  const clock = { nowMs: () => nowMs } as Parameters<typeof pace>[0]
  const one = pace(clock, 1_000)
  expect(one.take(100)).toBe(0)
  expect(one.take(500)).toBe(500)
  nowMs = 500
  expect(one.take(0)).toBe(0)
  nowMs = 60_000
  expect(one.take(200)).toBe(100)
  expect(() => pace(clock, 0)).toThrow(/more than 0/)
})

it('unread bytes are those of the established sockets', () => {
  const rows = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid',
    '   0: 0100007F:1F90 0100007F:D431 01 00000000:0000A000 00:00000000 00000000     0',
    '   1: 0100007F:1F91 0100007F:D432 01 00000000:00000000 00:00000000 00000000     0',
    '   2: 0100007F:1F92 00000000:0000 0A 00000000:00000001 00:00000000 00000000     0',
  ]
  expect([...unreadIn(rows.join('\n'))]).toEqual([[8_080, 40_960]])
})
