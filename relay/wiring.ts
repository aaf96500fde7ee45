/**
 * The one place where the relay's parts are created: the reference. Overrides make a relay that
 * differs in those parts and in nothing else.
 */
import type { Logger } from './adapters/logger.ts'
import { openTransactions } from './kafka/batches/transactions.ts'
import { referenceAges } from './health/ages.ts'
import { createBreaker } from './health/breaker.ts'
import { createHealthPolicy } from './health/policy.ts'
import { Signals } from './health/signals.ts'
import { ReferenceLagSeries } from './lag/series.ts'
import { createAdmission } from './limits/admission.ts'
import { createClientAddress } from './limits/client-address.ts'
import { createConnectionLimiter } from './limits/connection-limiter.ts'
import { Ledger } from './limits/ledger.ts'
import { createRates } from './limits/rates.ts'
import { createReplayGate } from './limits/replay-gate.ts'
import { createMetrics, type Metrics } from './metrics/metrics.ts'
import type { Overrides, RelayParts } from './parts.ts'
import { judgeResume } from './replay/resume.ts'
import { TieredReplayStore } from './replay/store.ts'
import { Judge } from './stages/judge.ts'
import { referencePoison } from './stages/poison.ts'
import { createSendDeadline } from './stages/send-deadline.ts'
import { openOutlet } from './stages/send.ts'
import { refusalText } from './tables/redis-refusals.ts'
import type { Settings } from './tables/settings.ts'
import type { Clock } from './world/clock.ts'

/** What the relay gets from its environment. */
export interface World {
  readonly clock: Clock
  readonly logger: Logger
  /** Files that the process may have open, where the limit is known. */
  readonly openFilesMax?: number | undefined
}
/** The parts, and what they share. */
export interface Wiring {
  readonly settings: Settings
  readonly world: World
  readonly metrics: Metrics
  readonly signals: Signals
  readonly judge: Judge
  /** The memory budget. */
  readonly ledger: Ledger
  readonly parts: RelayParts
  /** The reference's own replay buffer, which must be opened once the namespace is known. */
  readonly replayed: TieredReplayStore
}

export function wire(
  settings: Settings,
  world: World,
  overrides: Overrides = () => ({}),
): Wiring {
  const metrics = createMetrics()
  const ledger = new Ledger(settings)
  const signals = new Signals(metrics, world.clock, settings.healthWindowMs)
  const replayed = new TieredReplayStore({
    settings,
    expiryMs: () => parts.replayExpiry.ms,
    metrics,
    signals,
    clock: world.clock,
    onRedisUp: () => world.logger.info({}, 'Redis is connected'),
    onRedisDown: (why) => world.logger.warn({ why }, 'Redis is not connected'),
    onRedisRefusal: (reason, answer) => {
      // A cluster with more nodes than the one in the address is normal.
      const level = reason === 'moved' ? 'info' : 'warn'
      world.logger[level]({ reason, answer }, refusalText(reason))
    },
    onRedisGranted: () => world.logger.info({}, 'Redis accepts again what it had refused'),
    onEpoch: (epoch, why) => world.logger.info({ epoch, why }, 'the replay buffer has a new epoch'),
  })
  const made = { metrics, signals, ledger, replayed }
  const reference = referenceParts(settings, world, made)
  const parts: RelayParts = { ...reference, ...overrides(reference) }
  const judge = new Judge(settings.payloadBytesMax)
  return { settings, world, metrics, signals, judge, ledger, parts, replayed }
}

function referenceParts(
  settings: Settings,
  { clock }: World,
  made: Pick<Wiring, 'ledger' | 'metrics' | 'replayed' | 'signals'>,
): RelayParts {
  const { ledger, metrics, replayed, signals } = made
  const address = createClientAddress(settings.trustedProxies)
  return {
    ring: { bytesMax: settings.ringBytesMax, recordsMax: settings.ringRecordsMax },
    sendDeadline: createSendDeadline(settings.sendTimeoutMs, signals),
    openOutlet,
    transactions: openTransactions,
    poison: referencePoison,
    offsets: { toCommit: (next) => next },
    health: createHealthPolicy({
      windowMs: settings.healthWindowMs,
      staleMs: settings.healthStaleMs,
    }),
    breaker: createBreaker(settings.breakerMs),
    ages: referenceAges,
    lagSeries: new ReferenceLagSeries({
      clock,
      keepMs: 3 * settings.lagIntervalMs,
      onClamp: () => metrics.lagClamps.add(),
    }),
    lagQuestions: { poll: (ask) => ask(), mayReplay: true },
    replayStore: replayed,
    replayExpiry: { ms: settings.replayTtlMs },
    limiter: createConnectionLimiter(settings.connectionsPerIpMax),
    rates: createRates(clock, settings),
    resumes: { parse: judgeResume },
    replayGate: createReplayGate(clock, {
      replaysMax: settings.replaysMax,
      waitMs: settings.replayWaitMs,
      clientBytesPerSecond: settings.replayClientBytesPerSecondMax,
      allBytesPerSecond: settings.replayBytesPerSecondMax,
    }),
    replayPages: ledger.share('replay_pages'),
    partialFrames: ledger.share('partial_frames'),
    address,
    admission: createAdmission(clock, settings, address),
    headcount: { health: (clients) => clients, metrics: (clients) => clients },
  }
}
