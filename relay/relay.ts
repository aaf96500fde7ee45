/**
 * The trunk: all control flow of the relay. Kafka comes in through the intake, goes into the log
 * once, and out of it to every client; HTTP and sockets come in at the side.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { createHttpServer, type HttpServer, type Routes } from './adapters/http.ts'
import type { Answer } from './adapters/answer.ts'
import { createSocketServer, refuseUpgrade, type SocketServer } from './adapters/sockets.ts'
import { endOf, followTlsPair, readTlsPair, type TlsPair } from './adapters/tls.ts'
import { Clients } from './clients/clients.ts'
import { Connection, type ConnectionNeeds } from './clients/connection.ts'
import { RequestGuard, retryAfter } from './clients/request-guard.ts'
import { exportAges } from './health/ages.ts'
import { watchBreaker } from './health/breaker.ts'
import { breakerBody, healthBody, liveness, readiness } from './health/body.ts'
import { SentBytes } from './health/sent-bytes.ts'
import { Stages } from './health/stages.ts'
import { Intake } from './intake.ts'
import { pendingMax } from './limits/open-files.ts'
import { PartialFrames } from './limits/partial-frames.ts'
import { ByteLog } from './log/byte-log.ts'
import { sumOf } from './metrics/metrics.ts'
import { Requests } from './clients/requests.ts'
import { schemaRoutes } from './schemas/routes.ts'
import { ExpectedSchemas } from './schemas/store.ts'
import { Session } from './clients/session.ts'
import { Broadcast } from './stages/broadcast.ts'
import { shareNames } from './tables/memory-shares.ts'
import type { metricRows } from './tables/metrics.ts'
import { refusalNamed } from './tables/redis-refusals.ts'
import { exposedHarmless, exposedSettings } from './tables/settings-parse.ts'
import type { Wiring } from './wiring.ts'
import { sleep } from './world/clock.ts'
import { withDeadline } from './world/deadline.ts'
import { Slices } from './world/turns.ts'

const portsByDefault = [3_002, 3_003, 3_004, 3_005] as const
/** Limits of the steps of the shutdown; the intake stops at the same time. */
const shutdownMs = { lastRecords: 2_000, close: 2_500, replayStore: 2_500, http: 1_000 } as const

/** Runs work at the end of a turn of the event loop, after its reads. */
const soon = (work: () => void): void => void setImmediate(work)

type RefusedReason = (typeof metricRows)['refusedConnections']['labels']['reason'][number]

export class Relay {
  readonly #wiring: Wiring
  readonly #log: ByteLog
  readonly #clients: Clients
  readonly #intake: Intake
  readonly #requests: Requests
  readonly #guard: RequestGuard
  #tls: TlsPair | undefined
  readonly #http: HttpServer
  readonly #connectionNeeds: ConnectionNeeds
  readonly #sockets: SocketServer
  readonly #partial: PartialFrames
  readonly #sentBytes = new SentBytes()
  readonly #opened = Promise.withResolvers<void>()
  #isListening = false
  #isStopping = false

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    const { ledger, parts, settings, world } = wiring
    const { clock } = world
    const queues = ledger.share('client_queues')
    this.#partial = new PartialFrames(parts.partialFrames)
    this.#log = new ByteLog(parts.ring)
    this.#clients = new Clients({
      log: this.#log,
      clock,
      pinnedBytesMax: settings.pinnedBytesMax,
      queues,
      onSwept: () => {
        ledger.settle()
        this.#partial.look()
      },
      waitMsMax: settings.sendTimeoutMs,
      soon,
    })
    const broadcast = new Broadcast({
      log: this.#log,
      clock,
      flushIntervalMs: settings.flushIntervalMs,
      wakeAll: () => this.#clients.wakeAll(),
      soon,
    })
    this.#intake = new Intake(wiring, {
      broadcast,
      waitForClients: (run) => this.#clients.waitForClients(run),
      onLost: (partition, first, last) => this.#reportLoss(partition, first, last),
      onTopicRecreated: () => this.#topicRecreated(),
    })
    this.#requests = new Requests(wiring, {
      positions: () => this.#intake.positions(),
      nextOffsets: () => this.#intake.nextOffsets(),
      logEnd: (partition) => this.#intake.ends.end(partition),
      hasAskedEnds: (sinceMs) => this.#intake.ends.hasAskedEnds(sinceMs),
    })
    const { metrics, signals } = wiring
    this.#connectionNeeds = {
      session: { settings, signals, clock, onSlow: () => metrics.slowDisconnects.add() },
      control: {
        metrics,
        clock,
        requests: this.#requests,
        slices: new Slices(clock),
        memory: ledger.share('partial_frames'),
      },
      clients: this.#clients,
      log: this.#log,
      sent: this.#sentBytes,
      queues,
      slices: new Slices(clock),
      parts,
    }
    this.#guard = new RequestGuard({
      ...parts,
      ...world,
      metrics,
      requestsPerSecondMax: settings.requestsPerSecondMax,
    })
    this.#tls = readTlsPair(settings)
    this.#sockets = createSocketServer(this.#partial)
    this.#http = this.#createHttp()
    this.#export()
  }

  /**
   * Listens, and works until `stop`. Kafka need not be there.
   *
   * @returns the port
   * @throws when no port is free
   */
  async start(): Promise<number> {
    const { host, port } = this.#wiring.settings
    const chosen = await this.#http.listen(host, port === 0 ? portsByDefault : [port])
    this.#isListening = true
    this.#followTls()
    void this.#intake.run()
    this.#watch()
    return chosen
  }

  #followTls(): void {
    const { settings, world } = this.#wiring
    const pair = this.#tls
    if (pair === undefined) return
    const onRenewed = (renewed: TlsPair) => {
      this.#http.renew(renewed)
      this.#tls = renewed
    }
    followTlsPair({ ...world, settings, pair, onRenewed })
  }

  /** Settles when the circuit breaker opens: the owner of the relay must `stop` it. */
  get opened(): Promise<void> {
    return this.#opened.promise
  }

  #watch(): void {
    const { parts, world } = this.#wiring
    const stalledMs = () => this.#intake.stall.ms()
    watchBreaker(world.clock, parts.breaker, stalledMs, (ms) => {
      const says = 'records wait in Kafka and none is read: the circuit breaker opens'
      world.logger.error({ stalledMs: Math.round(ms) }, says)
      this.#opened.resolve()
    })
  }

  /**
   * Stops: accepts no new clients and no new records, delivers what the log holds, closes clients,
   * commits offsets. Bounded, never throws. Clients and Kafka do not wait for each other.
   */
  async stop(): Promise<void> {
    const { clock } = this.#wiring.world
    this.#isStopping = true
    this.#intake.stopTaking()
    void this.#clients.wakeAll()
    await Promise.all([this.#intake.stop(), this.#endClients()])
    const closing = withDeadline(clock, shutdownMs.http, 'closing HTTP', () => this.#http.close())
    await closing.catch(() => undefined)
  }

  /** The replay buffer is closed after the clients: some may still be reading from it. */
  async #endClients(): Promise<void> {
    const { parts, world } = this.#wiring
    await this.#closeClients()
    const what = 'closing the replay buffer'
    const close = () => parts.replayStore.close()
    await withDeadline(world.clock, shutdownMs.replayStore, what, close).catch((error: unknown) => {
      world.logger.warn({ err: error }, `${what} failed`)
    })
  }

  /** Closes each client once it has all records of the log, or its time is over. */
  async #closeClients(): Promise<void> {
    const { clock } = this.#wiring.world
    const lastMs = clock.nowMs() + shutdownMs.lastRecords
    const endMs = lastMs + shutdownMs.close
    while (this.#clients.count > 0 && clock.nowMs() < endMs) {
      const isLate = clock.nowMs() >= lastMs
      await this.#clients.round((session) => {
        if (!session.isOver && (isLate || this.#hasAll(session))) session.close('shutdown')
      })
      await sleep(clock, 20)
    }
  }

  #hasAll({ outlet }: Session): boolean {
    return outlet.ordinal >= this.#log.ordinal && outlet.heldBytes === 0
  }

  #createHttp(): HttpServer {
    const { metrics, parts, settings, world } = this.#wiring
    const { scrape } = metrics
    return createHttpServer({
      guard: (request) => this.#guard.check(request),
      tls: this.#tls,
      upgradePath: '/ws',
      routes: {
        '/health': { GET: () => ({ code: 200, body: this.#health() }) },
        '/version': { GET: ({ request }) => this.#version(request) },
        '/livez': { GET: () => liveness(this.#wiring.signals.uptimeMs) },
        '/readyz': { GET: () => this.#readiness() },
        '/metrics': {
          GET: async () => {
            return { code: 200, body: await scrape.text(), contentType: scrape.contentType }
          },
        },
        ...this.#schemaRoutes(),
      },
      timeoutMs: settings.httpTimeoutMs,
      pendingMax: () => pendingMax(settings, parts.limiter.taken, world.openFilesMax),
      onPendingEnded: () => metrics.refusedConnections.of({ reason: 'pending' }).add(),
      onUpgrade: (request, socket, head) => this.#admit(request, socket, head),
    })
  }

  #schemaRoutes(): Routes {
    const { parts, settings, world } = this.#wiring
    const schemas = new ExpectedSchemas({
      ...world,
      file: settings.expectedSchemasFile,
      entriesMax: settings.expectedSchemasMax,
    })
    void schemas.open()
    const { admission } = parts
    return schemaRoutes({ settings, clock: world.clock, schemas, admission, guard: this.#guard })
  }

  /** From here on the slot, if one was taken, belongs to the socket and is released with it. */
  #admit(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { metrics, parts, settings } = this.#wiring
    const refuse = (reason: RefusedReason, status: number, says: string, waitMs?: number) => {
      metrics.refusedConnections.of({ reason }).add()
      refuseUpgrade(socket, status, says, waitMs === undefined ? undefined : retryAfter(waitMs))
    }
    if (this.#isStopping) return refuse('stopping', 503, 'Shutting down')
    const { admission } = parts
    const refusal = this.#guard.misdirected(request) ?? this.#guard.refusal(request)
    if (refusal !== undefined) {
      return refuse(refusal.reason, refusal.status, refusal.says, refusal.waitMs)
    }
    if (parts.limiter.taken >= settings.connectionsMax) {
      return refuse('total', 503, 'Too many connections')
    }
    const address = parts.address.of(request)
    const release = parts.limiter.take(address)
    if (release === undefined) {
      metrics.rejectedConnections.add()
      return refuse('address', 429, 'Too many connections from this IP')
    }
    socket.on('close', release)
    if (socket.destroyed) return release()
    const visitor = { address, mayAdminister: admission.mayAdminister(request) }
    this.#sockets.upgrade(request, socket, head, (reading) => {
      return new Connection(this.#connectionNeeds, socket, visitor, reading).control
    })
  }

  /** Kafka deleted records before they were read: no client will ever get them. */
  #reportLoss(partition: number, firstOffset: bigint, lastOffset: bigint): void {
    const count = Number(lastOffset - firstOffset + 1n)
    const { logger } = this.#wiring.world
    logger.error({ partition, count }, 'Kafka deleted records before they were read')
    const missed = [{ partition, firstOffset, lastOffset, count }]
    for (const session of this.#clients.all()) session.sendGaps(missed)
  }

  /** Offsets begin again: clients must not see two logs as one. */
  #topicRecreated(): void {
    for (const session of this.#clients.all()) {
      if (!session.isOver) session.close('log_replaced')
    }
    this.#log.reset()
  }

  #health(): Record<string, unknown> {
    const { metrics, parts, settings, signals } = this.#wiring
    const replayBuffer = parts.replayStore.status()
    const facts = signals.facts({
      lagRecords: this.#intake.lag.waitingRecords(),
      areBrokersSilent: this.#intake.lag.areBrokersSilent,
      withoutStart: this.#intake.withoutStart(),
      missingTopic: this.#intake.missingTopic,
      paused: this.#intake.paused(),
      deadLetters: this.#intake.deadLetters(),
      isRedisEnabled: replayBuffer['redis_enabled'] === true,
      redisRefusal: refusalNamed(replayBuffer['redis_refusal']),
    })
    return healthBody({
      facts,
      decision: parts.health.decide(facts),
      metrics,
      connectedClients: parts.headcount.health(this.#clients.count),
      replayBuffer,
      breaker: breakerBody(parts.breaker, this.#intake.stall.ms()),
      limits: { windowMs: settings.healthWindowMs, staleMs: settings.healthStaleMs },
    })
  }

  #readiness(): Answer {
    return readiness({
      isListening: this.#isListening,
      isStopping: this.#isStopping,
      hasJoined: this.#intake.hasJoined,
      hasBegun: this.#intake.hasBegun,
      missingTopic: this.#intake.missingTopic,
    })
  }

  /** Where a token is set, clients without it see nothing of the servers behind the relay. */
  #version(request: IncomingMessage): Answer {
    const { parts, settings } = this.#wiring
    const known = parts.admission.shown(request)
    if (typeof known === 'object') return this.#guard.refuse(known)
    const body = {
      git_sha: settings.gitCommit,
      build_date: settings.buildDate,
      schema_version: 1,
      component: 'websocket-server',
      resume_namespace: this.#intake.namespace ?? null,
      replay_epoch: parts.replayStore.epoch,
      kafka_topic: settings.kafkaTopic,
      kafka_group_id: settings.kafkaGroupId,
      max_payload_bytes: settings.payloadBytesMax,
      decode_error_policy: settings.kafkaOnDecodeError,
      ...parts.sendDeadline.effective,
      settings: known ? exposedSettings(settings) : exposedHarmless(settings),
      ...(!known && { settings_withheld: 'send the bearer token to see all' }),
    }
    return { code: 200, body }
  }

  #export(): void {
    const { metrics, parts, signals, world } = this.#wiring
    exportAges(metrics, signals, parts.ages)
    metrics.logLinesLost.from(() => world.logger.lost?.() ?? 0)
    const stages = new Stages(this.#wiring.world.clock, {
      consume: () => metrics.fetches.total,
      decode: () => signals.received,
      broadcast: () => this.#log.ordinal,
      send: () => this.#sentBytes.total,
      redis_write: () => metrics.redisBlocksWritten.total,
      dlq: () => sumOf(metrics.dlqSends),
      commit: () => metrics.commits.total,
    })
    stages.export(metrics, parts.ages)
    metrics.tlsNotAfter.from(() => (this.#tls === undefined ? undefined : endOf(this.#tls)))
    metrics.clientSentBytes.from(() => this.#sentBytes.total)
    metrics.connectedClients.from(() => parts.headcount.metrics(this.#clients.count))
    metrics.clientQueueBytes.from(() => this.#wiring.ledger.share('client_queues').usedBytes)
    metrics.replaysUnderWay.from(() => parts.replayGate.underWay)
    metrics.clientHeldBytes.from(() => this.#clients.heldBytes)
    metrics.ringBytes.from(() => this.#log.ringBytes)
    metrics.ringRecords.from(() => this.#log.ringRecords)
    metrics.ringPinnedBytes.from(() => this.#log.pinnedBytes)
    this.#exportLedger()
  }

  #exportLedger(): void {
    const { judge, ledger, metrics, replayed } = this.#wiring
    ledger.share('unpacked').from(() => judge.unpackedBytes)
    ledger.share('ring').from(() => this.#log.ringBytes)
    ledger.share('pinned').from(() => this.#log.pinnedBytes)
    ledger.share('replay_memory').from(() => replayed.bytes.memory)
    ledger.share('redis_queue').from(() => replayed.bytes.queue)
    metrics.memoryUsed.from(() => ledger.byShare('usedBytes'))
    metrics.memoryLimit.from(() => ledger.byShare('limitBytes'))
    for (const share of shareNames) {
      metrics.memoryRefusals.of({ share }).from(() => ledger.share(share).refusals)
    }
  }
}
