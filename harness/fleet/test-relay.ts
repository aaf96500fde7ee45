/**
 * A relay for the fleet's own tests, made with the `ws` package: somebody else's reading of RFC
 * 6455, so that the fleet is not only tested against itself.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import type { HistoryEvent } from '../history/event.ts'
import type { Journal } from '../history/journal.ts'
import { systemClock } from '../../relay/world/clock.ts'

export interface TestRelay {
  readonly url: string
  readonly sockets: WebSocket[]
  /** Text messages received, over all sockets. */
  readonly received: string[]
  close(): Promise<void>
}

/** Starts it on a free port; `status` refuses every client with that HTTP status. */
export async function startTestRelay(
  onClient: (socket: WebSocket) => void = () => undefined,
  status?: number,
): Promise<TestRelay> {
  const sockets: WebSocket[] = []
  const received: string[] = []
  const http: Server = createServer()
  const server = new WebSocketServer({ noServer: true })
  http.on('upgrade', (request, socket, head) => {
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    server.handleUpgrade(request, socket, head, (client) => {
      sockets.push(client)
      client.on('message', (bytes: Buffer) => received.push(bytes.toString()))
      client.on('error', () => undefined)
      onClient(client)
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/ws`,
    sockets,
    received,
    async close() {
      for (const socket of sockets) socket.terminate()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

/** Sends a record with its cursor. */
export function sendRecord(to: WebSocket, partition: number, offset: number, bytes: Buffer): void {
  to.send(JSON.stringify({ type: 'cursor', partition, offset: String(offset) }))
  to.send(bytes)
}

/** A journal in memory. */
export function memoryJournal(): Journal & { readonly events: HistoryEvent[] } {
  const originMs = systemClock.nowMs()
  const events: HistoryEvent[] = []
  return {
    events,
    now: () => Math.round((systemClock.nowMs() - originMs) * 1_000),
    write: (event) => void events.push(event),
    flush: () => undefined,
    close: () => undefined,
    failure: undefined,
    get count() {
      return events.length
    },
  }
}
