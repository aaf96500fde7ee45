/** One run of the relay process: from its settings to the exit code. */
import { certificateProblems } from './adapters/certificates.ts'
import { createLogger, type Logger } from './adapters/logger.ts'
import { readOpenFilesMax } from './adapters/open-files.ts'
import { withinOpenFiles } from './limits/open-files.ts'
import type { Overrides } from './parts.ts'
import { Relay } from './relay.ts'
import { secretsOf } from './tables/secrets.ts'
import { type Environment, parseSettings } from './tables/settings-parse.ts'
import type { Settings } from './tables/settings.ts'
import { stopMsMax } from './tables/shutdown.ts'
import { wire } from './wiring.ts'
import { systemClock } from './world/clock.ts'
import { keepYoungSmall, markWhenGrown } from './world/collector.ts'
import { withDeadline } from './world/deadline.ts'

/** `stuck`: the consumer stalled and the relay shut down in order; start a new process. */
const exitCodes = { ok: 0, failed: 1, stuck: 75 } as const

/**
 * Runs a relay until `stop` aborts, whose reason is logged, or its breaker opens. Never throws.
 *
 * @param broken rejects with an uncaught error, after which the state is undefined
 * @returns the exit code
 */
export async function runUntil(
  stop: AbortSignal,
  broken: Promise<never>,
  env: Environment,
  overrides: Overrides | undefined,
): Promise<number> {
  const parsed = parseSettings(env, certificateProblems)
  const logger = createLogger(parsed.ok ? parsed.settings.logLevel : 'error', secretsOf(env))
  if (!parsed.ok) {
    const { problems } = parsed
    const says = `${problems.length} wrong setting(s): ${problems.join('; ')}`
    logger.error({ problems }, says)
    return exitCodes.failed
  }
  for (const warning of parsed.warnings) logger.warn({}, warning)
  markWhenGrown()
  keepYoungSmall(systemClock)
  try {
    return await Promise.race([serve(parsed.settings, logger, stop, overrides), broken])
  } catch (error) {
    logger.error({ err: error }, 'the relay failed')
    return exitCodes.failed
  }
}

async function serve(
  wanted: Settings,
  logger: Logger,
  stop: AbortSignal,
  overrides: Overrides | undefined,
): Promise<number> {
  let code: number = exitCodes.ok
  if (!stop.aborted) {
    const openFilesMax = readOpenFilesMax()
    const { settings, warning } = withinOpenFiles(wanted, openFilesMax)
    if (warning !== undefined) logger.warn({}, warning)
    const world = { clock: systemClock, logger, openFilesMax }
    const relay = new Relay(wire(settings, world, overrides))
    const stopped = aborted(stop)
    await Promise.race([start(relay, settings, logger), stopped])
    await Promise.race([stopped, relay.opened])
    // A signal during the shutdown does not change the exit code.
    if (!stop.aborted) code = exitCodes.stuck
    logger.info({ signal: stop.reason as string }, 'stopping')
    await end(relay, logger)
  }
  logger.info({ signal: stop.reason as string }, 'stopped')
  return code
}

async function start(relay: Relay, { host }: Settings, logger: Logger): Promise<void> {
  const port = await relay.start()
  logger.info({ port, host, pid: process.pid }, 'listening')
}

async function end(relay: Relay, logger: Logger): Promise<void> {
  const stopping = withDeadline(systemClock, stopMsMax, 'the shutdown', () => relay.stop())
  await stopping.catch((error: unknown) => {
    logger.error({ err: error }, 'stopped without a complete shutdown')
  })
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
