/**
 * The relay as a process: the only file that sees the environment, signals and the exit. Signals
 * are listened to before anything else happens, so that none is lost while the relay starts.
 */
import process from 'node:process'
import { createLogger, type Logger } from './adapters/logger.ts'
import type { Overrides } from './parts.ts'
import { Relay } from './relay.ts'
import { type Environment, parseSettings } from './tables/settings-parse.ts'
import type { Settings } from './tables/settings.ts'
import { wire } from './wiring.ts'
import { systemClock } from './world/clock.ts'
import { withDeadline } from './world/deadline.ts'

const exitCodes = { ok: 0, failed: 1 } as const
const stopMsMax = 14_000

/**
 * Runs a relay until a signal ends it.
 *
 * @param overrides parts that differ from the reference
 * @returns the exit code; the caller ends the process with it, whatever is still open
 */
export async function runRelay(env: Environment, overrides?: Overrides): Promise<number> {
  const ended = signalled()
  const parsed = parseSettings(env)
  if (!parsed.ok) {
    const { problems } = parsed
    const says = `${problems.length} wrong setting(s): ${problems.join('; ')}`
    createLogger('error').error({ problems }, says)
    return exitCodes.failed
  }
  const logger = createLogger(parsed.settings.logLevel)
  for (const warning of parsed.warnings) logger.warn({}, warning)
  try {
    return await run(parsed.settings, logger, ended, overrides)
  } catch (error) {
    logger.error({ err: error }, 'the relay could not go on')
    return exitCodes.failed
  }
}

async function run(
  settings: Settings,
  logger: Logger,
  ended: Promise<string>,
  overrides: Overrides | undefined,
): Promise<number> {
  const clock = systemClock
  const relay = new Relay(wire(settings, { clock, logger }, overrides))
  const port = await relay.start()
  logger.info({ port, host: settings.host, pid: process.pid }, 'listening')
  const signal = await ended
  logger.info({ signal }, 'stopping')
  const stopping = withDeadline(clock, stopMsMax, 'the way out', () => relay.stop())
  await stopping.catch((error: unknown) => {
    logger.error({ err: error }, 'stopped without waiting any longer')
  })
  logger.info({ signal }, 'stopped')
  return exitCodes.ok
}

/** Settles with the first signal; later ones change nothing. */
function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve)
  })
}

if (import.meta.main) process.exit(await runRelay(process.env))
