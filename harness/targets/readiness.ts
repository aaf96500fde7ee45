/** Whether a target is ready: what its pages say, asked until they say so. */
import type { Clock } from '../../relay/world/clock.ts'
import { DeadlineError, withDeadline } from '../../relay/world/deadline.ts'
import { httpGet } from '../world/http-get.ts'
import { until } from '../world/until.ts'

const askEveryMs = 100
const askLimitMs = 2_000

/** A page and what came back: a status, or the reason why none did. */
export interface Asked {
  readonly path: string
  readonly status: number
  readonly why: string | undefined
}

/** One line for a person. */
export const sayAsked = ({ path, status, why }: Asked): string =>
  `GET ${path} ${why === undefined ? `answered ${status}` : `got no answer (${why})`}`

/**
 * Polls until the target is ready: `/readyz`, or `/health` if it has none. Rejects with the
 * signal; `tell` then has the last answer.
 */
export async function untilReady(
  clock: Clock,
  address: string,
  signal: AbortSignal,
  tell: (asked: Asked) => void = () => undefined,
): Promise<void> {
  const ask = async () => {
    const asked = await askReadiness(clock, address, signal)
    // A request aborted by the deadline is not an answer.
    signal.throwIfAborted()
    tell(asked)
    return asked.status === 200
  }
  await until({ clock, signal }, Infinity, askEveryMs, ask)
}

async function askReadiness(clock: Clock, address: string, signal: AbortSignal): Promise<Asked> {
  const asked = await askPage(clock, address, '/readyz', signal)
  return asked.status === 404 ? askPage(clock, address, '/health', signal) : asked
}

/** Asks one page once; never rejects. */
export async function askPage(
  clock: Clock,
  address: string,
  path: string,
  signal: AbortSignal,
): Promise<Asked> {
  try {
    const { status } = await withDeadline(
      clock,
      askLimitMs,
      `GET ${path}`,
      (own) => httpGet(`http://${address}${path}`, { signal: own }),
      signal,
    )
    return { path, status, why: undefined }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const isLate = error instanceof DeadlineError
    return { path, status: 0, why: isLate ? `silent for ${askLimitMs} ms` : (code ?? message) }
  }
}
