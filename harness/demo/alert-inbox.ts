/**
 * Where Alertmanager of the demo sends its alerts: each is told in one line. It listens on all
 * addresses of its container, and takes no more than it can tell.
 */
import { createServer, type IncomingMessage } from 'node:http'
import { z } from 'zod'

/** What Alertmanager posts, as far as it is told. */
const posted = z.object({
  alerts: z.array(
    z.object({
      status: z.string(),
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()).default({}),
    }),
  ),
})

/** Alertmanager's own posts have some kilobytes. */
const bodyBytesMax = 1_024 * 1_024
const requestLimitMs = 10_000
/** An alert that always fires, to show that alerts arrive. */
const heartbeat = '/heartbeat'

/** Listens until the returned function is called. Rejects where the port is taken. */
export async function openAlertInbox(
  port: number,
  tell: (line: string) => void,
): Promise<() => void> {
  const server = createServer((request, response) => {
    take(request, tell).then(
      () => response.writeHead(200).end(),
      () => response.writeHead(400).end(),
    )
  })
  server.requestTimeout = requestLimitMs
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '0.0.0.0', resolve)
  })
  return () => {
    server.close()
    server.closeAllConnections()
  }
}

async function take(request: IncomingMessage, tell: (line: string) => void): Promise<void> {
  const lines = linesOf(await read(request))
  if (request.url !== heartbeat) for (const line of lines) tell(line)
}

/** One line for each alert in a post; throws for what is none. */
export function linesOf(body: string): string[] {
  return posted.parse(JSON.parse(body)).alerts.map(({ status, labels, annotations }) => {
    const { alertname = 'an alert without a name', severity, instance } = labels
    const whose = [severity, instance].filter((one) => one !== undefined).join(', ')
    const says = annotations['summary'] ?? ''
    return `alert ${status}: ${alertname}${whose === '' ? '' : ` (${whose})`} ${says}`.trimEnd()
  })
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) throw new Error('too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
