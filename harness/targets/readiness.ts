/** Whether a target is ready: what its pages say, asked until they say so. */
import { get } from 'node:http'
import { sleep, type Clock } from '../../relay/world/clock.ts'

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
 * Asks until the target says that it is ready: `/readyz`, or `/health` where it has none. Rejects
 * with the signal; `tell` has heard then what was found last.
 */
export async function untilReady(
  clock: Clock,
  address: string,
  signal: AbortSignal,
  tell: (asked: Asked) => void,
): Promise<void> {
  for (;;) {
    const asked = await askReadiness(address, signal)
    // What was cut off by the deadline found nothing out.
    signal.throwIfAborted()
    tell(asked)
    if (asked.status === 200) return
    await sleep(clock, askEveryMs, signal)
  }
}

async function askReadiness(address: string, signal: AbortSignal): Promise<Asked> {
  const asked = await askPage(address, '/readyz', signal)
  return asked.status === 404 ? askPage(address, '/health', signal) : asked
}

/** Asks one page once; never rejects. */
export function askPage(address: string, path: string, signal: AbortSignal): Promise<Asked> {
  return new Promise((resolve) => {
    const options = { signal, timeout: askLimitMs }
    const request = get(`http://${address}${path}`, options, (response) => {
      response.on('error', () => undefined)
      response.resume()
      resolve({ path, status: response.statusCode ?? 0, why: undefined })
    })
    request.on('timeout', () => request.destroy(new Error(`silent for ${askLimitMs} ms`)))
    request.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ path, status: 0, why: error.code ?? error.message }),
    )
  })
}
