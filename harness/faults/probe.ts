/**
 * A probe sends one request through a link and times the answer. The same request is sent before,
 * during and after a fault: that shows that the fault is active and that it is healed.
 */
import { connect } from 'node:net'
import { splitAddress } from '../../relay/tables/addresses.ts'
import type { Clock } from '../../relay/world/clock.ts'
import type { Hop } from '../stack/ways.ts'
import type { Link } from '../stack/stack.ts'

/** What came of a question. `answerMs` counts from the start of the connection attempt. */
export interface Probed {
  readonly outcome: 'answered' | 'silent' | 'refused' | 'reset' | 'ended'
  readonly answerMs: number | undefined
}

/** Kafka ApiVersions request, version 0, correlation id 1, client id "probe" (KIP-35). */
const apiVersionsRequest = Buffer.from('0000000f001200000000000100050000000000', 'hex')
apiVersionsRequest.write('probe', 14, 'latin1')

/**
 * A short request of each hop's protocol that any server must answer, with an answer long enough
 * to measure: a busy machine gives few answers a second, and they must exceed a bandwidth limit.
 */
const questions: Readonly<Record<Hop, Buffer>> = {
  kafka: apiVersionsRequest,
  redis: Buffer.from(`PING ${'x'.repeat(250)}\r\n`),
  // Kept alive: if the server closed after its answer, a lost answer would look like a refusal.
  clients: Buffer.from('GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'),
}

/** Asks once through `link`; settles within `limitMs`, never throws. */
export function probe(clock: Clock, link: Link, limitMs: number): Promise<Probed> {
  const startedMs = clock.nowMs()
  return new Promise((resolve) => {
    const socket = connect(splitAddress(link.listen))
    const settle = (outcome: Probed['outcome']) => {
      timer.cancel()
      socket.destroy()
      const answerMs = outcome === 'answered' ? clock.nowMs() - startedMs : undefined
      resolve({ outcome, answerMs })
    }
    const timer = clock.after(limitMs, () => settle('silent'))
    socket.once('connect', () => socket.write(questions[link.hop]))
    socket.once('data', () => settle('answered'))
    socket.once('end', () => settle('ended'))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      settle(error.code === 'ECONNREFUSED' ? 'refused' : 'reset'),
    )
  })
}

/** Bytes a second, and the end of the connection that they came over. */
export interface Flood {
  readonly bytesPerSecond: number
  /** Closes the connection; see `measureThroughput` for when. */
  close(): void
}

/** What is asked to see how much goes through, over and over. */
interface Flooding {
  readonly question: Buffer
  /** Questions under way at a time: enough to keep the server busy, little to be left behind. */
  readonly underWay: number
  /** Whether an answer begins in what came, so that the next question may be asked. */
  readonly hasAnswer: (chunk: Buffer) => boolean
  /** The bytes of each answer, if all are alike, as measured for the first. */
  readonly answerBytes?: (first: Buffer) => number
}
const flooding: Readonly<Record<Hop, Flooding>> = {
  kafka: {
    question: questions.kafka,
    underWay: 50,
    hasAnswer: () => true,
    answerBytes: (first) => 4 + (first.length < 4 ? 0 : first.readInt32BE(0)),
  },
  redis: { question: questions.redis, underWay: 20, hasAnswer: () => true },
  // With short answers a busy relay sends fewer bytes a second than the bandwidth limit.
  clients: {
    question: Buffer.from('GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'),
    underWay: 4,
    hasAnswer: (chunk) => chunk.includes('HTTP/1.1 '),
  },
}

/**
 * Repeats the same request on one connection, for `ms` or until `bytesMax` came back,
 * so that a limit on bandwidth can be measured. Never throws.
 *
 * The connection is left open, and read to its end: a Toxiproxy whose client is gone while a
 * limit still holds bytes back for it hangs forever when the limit is removed.
 */
export function measureThroughput(
  clock: Clock,
  link: Link,
  ms: number,
  bytesMax: number,
): Promise<Flood> {
  const { question, underWay, hasAnswer, answerBytes } = flooding[link.hop]
  const startedMs = clock.nowMs()
  return new Promise((resolve) => {
    let bytes = 0
    let answered = 0
    let bytesEach: number | undefined
    let isOver = false
    const socket = connect(splitAddress(link.listen))
    const settle = () => {
      if (isOver) return
      isOver = true
      timer.cancel()
      const bytesPerSecond = (bytes * 1_000) / Math.max(clock.nowMs() - startedMs, 1)
      resolve({ bytesPerSecond, close: () => void socket.destroy() })
    }
    const timer = clock.after(ms, settle)
    socket.once('connect', () => {
      socket.write(Buffer.concat(Array.from({ length: underWay }, () => question)))
    })
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      bytesEach ??= answerBytes?.(chunk)
      const before = answered
      if (bytesEach !== undefined) answered = Math.floor(bytes / bytesEach)
      else if (hasAnswer(chunk)) answered += 1
      if (bytes >= bytesMax) settle()
      if (isOver || answered === before) return
      socket.write(Buffer.concat(Array.from({ length: answered - before }, () => question)))
    })
    socket.on('error', () => undefined)
  })
}
