/** A TCP server for the fleet's tests: it does by hand what no WebSocket library would do. */
import { createHash } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'

export interface RawServer {
  /** ws:// address. */
  readonly url: string
  readonly sockets: readonly Socket[]
  close(): void
}

/** Starts it on a free port; `onRequest` gets the head of the first request of every socket. */
export async function startRawServer(
  onRequest: (socket: Socket, head: string) => void,
): Promise<RawServer> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.once('data', (head: Buffer) => {
      socket.on('data', () => undefined)
      onRequest(socket, head.toString())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`,
    sockets,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** Answers a handshake as it should be answered. */
export function shakeHands(socket: Socket, head: string): void {
  const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(head)?.[1] ?? ''
  const text = `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(text).digest('base64')
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
  socket.write(`${lines.join('\r\n')}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
}
