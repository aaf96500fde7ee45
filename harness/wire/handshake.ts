/**
 * The opening handshake of a client, on plain bytes. The fleet does it by hand because it must
 * own the socket from its first byte: how much is read, and when reading stops, is what it tests.
 */
import { createHash } from 'node:crypto'

const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const endOfHead = Buffer.from('\r\n\r\n')

/** An answer without an end of its head within this many bytes is refused. */
const headBytesMax = 16 * 1_024

export interface Handshake {
  /** Where to connect. */
  readonly host: string
  readonly port: number
  /** What to send first. */
  readonly request: string
  /** What the server must answer in Sec-WebSocket-Accept. */
  readonly accept: string
}

/**
 * Prepares a handshake.
 *
 * @param url a ws:// address; the fleet needs no TLS: it always connects to a proxy of the harness
 * @param nonce 16 bytes
 * @param more further lines of its head
 * @param host the Host header, if it differs from the address
 * @throws RangeError for another scheme
 */
export function handshake(
  url: string,
  nonce: Buffer,
  more: readonly string[] = [],
  host = new URL(url).host,
): Handshake {
  const { protocol, hostname, port, pathname, search } = new URL(url)
  if (protocol !== 'ws:') throw new RangeError(`clients need a ws:// address, got ${url}`)
  const key = nonce.toString('base64')
  const lines = [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
    ...more,
  ]
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || 80),
    request: `${lines.join('\r\n')}\r\n\r\n`,
    accept: createHash('sha1').update(key + acceptGuid).digest('base64'),
  }
}

/** `open`: frames begin at `rest`. `refused`: status 0 where the answer was no HTTP. */
export type Answer =
  | { readonly is: 'partial' }
  | { readonly is: 'open'; readonly rest: number }
  | { readonly is: 'refused'; readonly status: number; readonly why: string }

const refused = (status: number, why: string): Answer => ({ is: 'refused', status, why })

/** Reads the server's answer as far as it has come. */
export function readAnswer(bytes: Buffer, accept: string): Answer {
  const end = bytes.indexOf(endOfHead)
  if (end < 0) {
    return bytes.length < headBytesMax ? { is: 'partial' } : refused(0, 'answer without an end')
  }
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1] ?? 0)
  if (status === 0) return refused(0, `not HTTP: ${first.slice(0, 80)}`)
  if (status !== 101) return refused(status, first.slice(0, 80))
  const headers = new Map(lines.map(headerOf))
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    return refused(status, 'answer 101 without "Upgrade: websocket"')
  }
  if (!/(^|[\s,])upgrade([\s,]|$)/i.test(headers.get('connection') ?? '')) {
    return refused(status, 'answer 101 without "Connection: Upgrade"')
  }
  if (headers.get('sec-websocket-accept') !== accept) {
    return refused(status, 'Sec-WebSocket-Accept does not answer our key')
  }
  const extension = headers.get('sec-websocket-extensions')
  if (extension) return refused(status, `an extension we did not ask for: ${extension}`)
  return { is: 'open', rest: end + endOfHead.length }
}

function headerOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
}
