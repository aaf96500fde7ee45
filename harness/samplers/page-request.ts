/** One GET of a target, with a bound on time and size: how every page is sampled. */
import { Agent } from 'node:http'
import type { Clock } from '../../relay/world/clock.ts'
import { DeadlineError, withDeadline } from '../../relay/world/deadline.ts'
import { watchStandstill } from '../history/strain.ts'
import { httpGet } from '../world/http-get.ts'

export interface Answer {
  /** 0: no answer at all, see `why`. */
  readonly status: number
  readonly body: string
  readonly tookMicros: number
  readonly why?: string
  /** How long this process stood still meanwhile, where that alone may be why nothing came. */
  readonly stoodMs?: number
}

/** Asks for pages of one target over a connection that is kept open. */
export interface PageClient {
  /** Never rejects: a target that does not answer is what a sampler is there to see. */
  get(path: string, limitMs: number): Promise<Answer>
  close(): void
}

/** Share of its time for which this process may have been unable to read the answer. */
const stoodShareMax = 0.25

/** @param address host:port of the target */
export function pageClient(clock: Clock, address: string): PageClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 })
  return {
    async get(path, limitMs) {
      const startedMs = clock.nowMs()
      const standstill = watchStandstill(clock)
      const tookMicros = () => Math.round((clock.nowMs() - startedMs) * 1_000)
      try {
        const got = await withDeadline(clock, limitMs, `GET ${path}`, (signal) =>
          httpGet(new URL(path, `http://${address}`), { agent, signal }),
        )
        return { ...got, tookMicros: tookMicros() }
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        const { totalMs } = standstill.since()
        const stood =
          error instanceof DeadlineError && totalMs > limitMs * stoodShareMax
            ? { stoodMs: totalMs }
            : {}
        return { status: 0, body: '', tookMicros: tookMicros(), why: code ?? message, ...stood }
      } finally {
        standstill.cancel()
      }
    },
    close: () => agent.destroy(),
  }
}
