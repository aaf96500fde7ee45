/**
 * The HTTP server: a few routes, and the upgrade to WebSockets. The only importer of the HTTP
 * library. Every phase of a request has a deadline, so that a slow peer cannot hold a connection.
 */
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyServerOptions,
} from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Server as TlsServer } from 'node:tls'
import type { Answer } from './answer.ts'
import { PendingConnections } from './pending.ts'
import type { TlsPair } from './tls.ts'
import { Upgrades } from './upgrades.ts'

/** A request of a client. */
export interface Asking {
  readonly request: IncomingMessage
  /** The parts of the path that its route names, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** Empty when there is none. */
  readonly body: Buffer
}
type Method = 'GET' | 'PUT' | 'DELETE'
export type Route = (asking: Asking) => Answer | Promise<Answer>
/** Routes by path and method. GET answers HEAD too. */
export type Routes = Readonly<Record<string, Readonly<Partial<Record<Method, Route>>>>>

export interface HttpNeeds {
  readonly routes: Routes
  /** Limit for a request to arrive, and for an answer to be read. */
  readonly timeoutMs: number
  /** Connections that are not upgraded; one more closes the oldest of them. */
  readonly pendingMax: () => number
  readonly onPendingEnded: () => void
  /** Runs before routing; undefined lets the request pass. */
  guard(request: IncomingMessage): Answer | undefined
  /** Without it the server has no TLS. */
  readonly tls?: TlsPair | undefined
  /** The path of the WebSocket: upgrades elsewhere are ignored. */
  readonly upgradePath: string
  /** The socket is the callee's from here on. */
  onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void
}
export interface HttpServer {
  /** Listens on the first port that is free, and returns it. */
  listen(host: string, ports: readonly number[]): Promise<number>
  /** New connections get this certificate. */
  renew(pair: TlsPair): void
  /** Stops listening and closes plain HTTP connections; upgraded sockets stay open. */
  close(): Promise<void>
}

const lookEveryMs = 500
const keepAliveMs = 30_000
const bodyBytesMax = 64 * 1_024
const paramCharactersMax = 4_096

export function createHttpServer(needs: HttpNeeds): HttpServer {
  const upgrades = new Upgrades(needs.upgradePath)
  const onServer = {
    headersTimeout: needs.timeoutMs,
    connectionsCheckingInterval: lookEveryMs,
    shouldUpgradeCallback: (request: IncomingMessage) => upgrades.isOne(request),
  }
  const { tls } = needs
  const secured = tls && { https: { ...onServer, ...tls, handshakeTimeout: needs.timeoutMs } }
  const app = fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    requestTimeout: needs.timeoutMs,
    connectionTimeout: needs.timeoutMs,
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: paramCharactersMax, onBadUrl: badPath },
    ...(secured ?? { http: onServer }),
  } as FastifyServerOptions)
  upgrades.follow(app.server)
  app.addHook('onRequest', (request, reply, next) => {
    // Bytes after a declined upgrade may have been lost: this is the last answer.
    if (request.raw.headers.upgrade !== undefined) reply.header('connection', 'close')
    const answer = needs.guard(request.raw)
    if (answer === undefined) next()
    else void answerWith(reply, answer)
  })
  takeAnyBody(app)
  answerErrors(app)
  const onPath = { GET: ({ request }: Asking) => upgrades.answer(request) }
  const routes: Routes = { ...needs.routes, [needs.upgradePath]: onPath }
  for (const [path, methods] of Object.entries(routes)) addRoutes(app, path, methods)
  const pending = new PendingConnections(needs.pendingMax, needs.onPendingEnded)
  if (tls === undefined) pending.follow(app.server)
  else pending.followSecured(app.server)
  app.server.on('upgrade', (request, socket, head) => {
    pending.upgraded(socket as Socket)
    needs.onUpgrade(request, socket as Socket, head)
  })
  return {
    listen: (host, ports) => listenOnFirstFree(app, host, ports),
    renew: (pair) => (app.server as unknown as TlsServer).setSecureContext(pair),
    close: () => app.close(),
  }
}

/** Bodies are handed over as bytes: the routes decide what is valid. */
function takeAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

function addRoutes(app: FastifyInstance, path: string, methods: Routes[string]): void {
  for (const [method, route] of Object.entries(methods)) {
    app.route({
      method,
      url: path,
      handler: async ({ raw, params, body }, reply) => {
        const asking = {
          request: raw,
          params: params as Asking['params'],
          body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
        }
        return answerWith(reply, await route(asking))
      },
    })
  }
  const allowed = Object.keys(methods).flatMap((one) => (one === 'GET' ? ['GET', 'HEAD'] : [one]))
  app.route({
    method: app.supportedMethods.filter((method) => !allowed.includes(method)),
    url: path,
    handler: (_request, reply) =>
      reply.code(405).header('allow', allowed.join(', ')).send({ error: 'Method not allowed' }),
  })
}

function answerWith(reply: FastifyReply, answer: Answer): FastifyReply {
  if (answer.contentType !== undefined) reply.type(answer.contentType)
  return reply.headers({ ...answer.headers }).code(answer.code).send(answer.body)
}

const errorTexts: Readonly<Record<number, string>> = {
  400: 'Bad request',
  413: `Body larger than ${bodyBytesMax} bytes`,
  414: 'Path too long',
}

/** Clients do not see the library's messages or internal errors. */
function answerErrors(app: FastifyInstance): void {
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'Not found' }))
  app.setErrorHandler((error: { readonly statusCode?: number }, _request, reply) => {
    const code = error.statusCode ?? 500
    reply.code(code).send({ error: errorTexts[code] ?? 'Internal error' })
  })
}

function badPath(_path: string, _request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(400, { 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify({ error: 'The path is not percent-encoded UTF-8' }))
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

/** The library's `listen` can be called only once, even if it fails. */
function listenOn(app: FastifyInstance, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    app.server.once('error', reject)
    app.server.listen(port, host, () => {
      app.server.off('error', reject)
      resolve()
    })
  })
}
