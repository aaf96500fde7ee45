/**
 * Where Alertmanager's notifications arrive: a small HTTP server on loopback. The path of a request
 * is the receiver's name. What is too large or no notification is refused and counted.
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

/** One alert of a notification. */
export interface Notification {
  readonly receiver: string
  readonly alert: string
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
}

export interface WebhookSink {
  /** Its address; behind it and a slash comes a receiver's name. */
  readonly url: string
  /** Requests that were no notification. */
  readonly refused: number
  stop(): Promise<void>
}

/** Alertmanager groups; a notification of a hundred alerts has 100 kB. */
const bodyBytesMax = 1_024 * 1_024
const taken = 200
const refusedStatus = 400

const notification = z.object({
  alerts: z.array(
    z.object({
      status: z.enum(['firing', 'resolved']),
      labels: z.record(z.string(), z.string()),
    }),
  ),
})

/** @param see is called with every alert of every notification */
export async function startWebhookSink(see: (one: Notification) => void): Promise<WebhookSink> {
  let refused = 0
  const server = createServer((request, response) => {
    const receiver = (request.url ?? '').slice(1)
    void bodyOf(request)
      .then((body) => {
        for (const { status, labels: all } of notification.parse(JSON.parse(body)).alerts) {
          const { alertname: alert = '', ...labels } = all
          see({ receiver, alert, status, labels })
        }
        return taken
      })
      .catch(() => {
        refused += 1
        return refusedStatus
      })
      .then((status) => response.writeHead(status).end())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    get refused() {
      return refused
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) throw new Error(`above ${bodyBytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
