/**
 * The one place where the relay's parts are made. What stands here is the reference; whoever hands
 * in overrides gets a relay that differs in those parts and in nothing else.
 */
import type { Logger } from './adapters/logger.ts'
import { referenceAges } from './health/ages.ts'
import { createHealthPolicy } from './health/policy.ts'
import { Signals } from './health/signals.ts'
import { TruthfulLagSeries } from './lag/series.ts'
import { createClientAddress } from './limits/client-address.ts'
import { createConnectionLimiter } from './limits/connection-limiter.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import type { Overrides, RelayParts, ReplayStore } from './parts.ts'
import { referencePoison } from './stages/poison.ts'
import { createSendDeadline } from './stages/send-deadline.ts'
import { openOutlet } from './stages/send.ts'
import type { Settings } from './tables/settings.ts'
import type { Clock } from './world/clock.ts'

/** What the relay may know of the world around it. */
export interface World {
  readonly clock: Clock
  readonly logger: Logger
}
/** The parts, and what they count into. */
export interface Wiring {
  readonly settings: Settings
  readonly world: World
  readonly metrics: Metrics
  readonly signals: Signals
  readonly parts: RelayParts
}

export function wire(
  settings: Settings,
  world: World,
  overrides: Overrides = () => ({}),
): Wiring {
  const metrics = createMetrics()
  const signals = new Signals(metrics, world.clock, settings.healthWindowMs)
  const reference = referenceParts(settings, world, metrics, signals)
  return { settings, world, metrics, signals, parts: { ...reference, ...overrides(reference) } }
}

function referenceParts(
  settings: Settings,
  { clock }: World,
  metrics: Metrics,
  signals: Signals,
): RelayParts {
  return {
    sendDeadline: createSendDeadline(settings.sendTimeoutMs, signals),
    openOutlet,
    poison: referencePoison,
    offsets: { toCommit: (next) => next },
    health: createHealthPolicy({
      windowMs: settings.healthWindowMs,
      staleMs: settings.healthStaleMs,
    }),
    ages: referenceAges,
    lagSeries: new TruthfulLagSeries({
      clock,
      keepMs: 3 * settings.lagIntervalMs,
      onClamp: () => metrics.lagClamps.add(),
    }),
    replayStore: noStore,
    limiter: createConnectionLimiter(settings.connectionsPerIpMax),
    address: createClientAddress(settings.trustedProxies),
  }
}

const noStore: ReplayStore = {
  add: () => undefined,
  addHole: () => undefined,
  partitions: async () => [],
  retained: async () => undefined,
  page: async (_partition, _after, before) => ({
    records: [],
    holes: [],
    through: before - 1n,
    hasMore: false,
  }),
  clear: async () => ({ isCleared: true, keys: 0 }),
  epoch: '',
  status: () => ({}),
  close: async () => undefined,
}
