/**
 * The HTTP face: a few pages, and the upgrade to WebSockets. The only importer of the HTTP library.
 * Every phase of a request has a deadline, so that nobody can hold a connection by being slow.
 */
import fastify, { type FastifyInstance } from 'fastify'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface Answer {
  readonly code: number
  readonly body: string | Readonly<Record<string, unknown>> | readonly unknown[]
  readonly contentType?: string
}
export interface HttpNeeds {
  /** Pages by path; GET and HEAD. */
  readonly pages: Readonly<Record<string, () => Answer | Promise<Answer>>>
  /** The socket is the callee's from here on. */
  onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void
}
export interface HttpServer {
  /** Listens on the first port that is free, and returns it. */
  listen(host: string, ports: readonly number[]): Promise<number>
  /** Stops listening and ends plain HTTP connections; upgraded sockets are not its business. */
  close(): Promise<void>
}

const headersMs = 10_000
const requestMs = 15_000
const keepAliveMs = 30_000
const bodyBytesMax = 64 * 1_024

export function createHttpServer(needs: HttpNeeds): HttpServer {
  const app = fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: true,
    http: { headersTimeout: headersMs, connectionsCheckingInterval: 1_000 },
  })
  for (const [path, page] of Object.entries(needs.pages)) addPage(app, path, page)
  app.server.on('upgrade', (request, socket, head) => {
    needs.onUpgrade(request, socket as Socket, head)
  })
  return {
    listen: (host, ports) => listenOnFirstFree(app, host, ports),
    close: () => app.close(),
  }
}

function addPage(app: FastifyInstance, path: string, page: HttpNeeds['pages'][string]): void {
  app.get(path, async (_request, reply) => {
    const { code, body, contentType } = await page()
    if (contentType !== undefined) reply.type(contentType)
    return reply.code(code).send(body)
  })
}

async function listenOnFirstFree(
  app: FastifyInstance,
  host: string,
  ports: readonly number[],
): Promise<number> {
  await app.ready()
  for (const [index, port] of ports.entries()) {
    try {
      await listenOn(app, host, port)
      return (app.server.address() as AddressInfo).port
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!isTaken || index === ports.length - 1) throw error
    }
  }
  throw new RangeError('no port to listen on was given')
}

/** The library's own listen can be called only once, also when it fails. */
function listenOn(app: FastifyInstance, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    app.server.once('error', reject)
    app.server.listen(port, host, () => {
      app.server.off('error', reject)
      resolve()
    })
  })
}
