/**
 * The relay as a process: the only file that reads the environment, handles signals and exits. It
 * loads the rest only after it has installed the signal handlers: loading takes a while, and a
 * signal without a handler kills the process.
 */
import process from 'node:process'
import type { Overrides } from './parts.ts'
import type { Environment } from './tables/settings-parse.ts'

/**
 * Runs a relay until a signal ends it.
 *
 * @param load loads parts that differ from the reference
 * @returns the exit code; the caller ends the process with it, whatever is still open
 */
export async function runRelay(
  env: Environment,
  load?: () => Promise<Overrides>,
): Promise<number> {
  const stopping = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => stopping.abort(signal))
  }
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => undefined)
  process.on('uncaughtException', broken.reject)
  try {
    const { runUntil } = await import('./run.ts')
    return await runUntil(stopping.signal, broken.promise, env, await load?.())
  } catch (error) {
    const says = error instanceof Error ? error.stack : String(error)
    process.stderr.write(`the relay could not be loaded: ${says}\n`)
    return 1
  }
}

if (import.meta.main) process.exit(await runRelay(process.env))
