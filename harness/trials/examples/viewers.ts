/** The example relay's clients: what is kept for them, what they are sent, what they may ask. */
import type { WebSocket } from 'ws'
import type { Way } from './ways.ts'

const ways = new Set(process.argv.slice(2))
export const does = (way: Way): boolean => ways.has(way)
/** A setting of the contract. */
export const read = (name: string, otherwise: string): string => process.env[name] ?? otherwise
export const sendTimeoutMs = Number(read('WEBSOCKET_SEND_TIMEOUT_SECS', '5')) * 1_000
/** What may wait to be sent to one client; past it, records are left out and declared. */
const behindBytesMax = 4 * 1_024 * 1_024

/** A record as it is kept for replays. */
export interface Kept {
  readonly partition: number
  readonly offset: number
  readonly value: Buffer
}
interface Viewer {
  isLive: boolean
  missed: Kept[]
  behindSince: number
}
let store: Kept[] = []
export const viewers = new Map<WebSocket, Viewer>()

const say = (to: WebSocket, frame: object) => to.send(JSON.stringify(frame))
function give(to: WebSocket, { partition, offset, value }: Kept): void {
  const cursor = { type: 'cursor', partition, offset: String(offset) }
  if (!does('sends-no-cursors')) say(to, cursor)
  to.send(does('alters') && offset % 50 === 49 ? Buffer.from(value).fill(0, 20, 24) : value)
}
/** What a viewer could not take is declared once it takes something again. */
function declare(to: WebSocket, missed: readonly Kept[]): void {
  const byPartition = Map.groupBy(missed, ({ partition }) => partition)
  if (does('counts-gaps')) return say(to, gap({ count: missed.length }))
  for (const [partition, own] of byPartition) {
    const [firstOffset, lastOffset] = [own[0]?.offset, own.at(-1)?.offset].map(String)
    say(to, gap({ count: own.length, partition, firstOffset, lastOffset }))
  }
}
const gap = (more: object) => ({ type: 'gap', severity: 'warning', message: 'too slow', ...more })

/** Keeps a record, and sends it to everybody who takes it. */
export function forward(one: Kept): void {
  store.push(one)
  if (store.length > 100_000) store = store.slice(-50_000)
  if (does('drops') && one.offset % 50 === 49) return
  for (const [to, viewer] of viewers) {
    const isBehind = to.bufferedAmount > behindBytesMax
    const isSkipped = does('gap-needless') && one.offset >= 50 && one.offset < 80
    if (!isBehind) viewer.behindSince = Infinity
    else viewer.behindSince = Math.min(viewer.behindSince, Date.now())
    if (Date.now() - viewer.behindSince > sendTimeoutMs) to.terminate()
    else if (isBehind || isSkipped) viewer.missed.push(one)
    else if (viewer.isLive) {
      if (viewer.missed.length > 0) declare(to, viewer.missed.splice(0))
      give(to, one)
      if (does('twice') && one.offset % 50 === 49) give(to, one)
      if (does('gap-forged') && one.offset === 60) say(to, gap({ count: 100_000 }))
    } else viewer.missed.push(one)
  }
}

function resume(to: WebSocket, viewer: Viewer, from: string, last: Record<string, string>): void {
  if (does('hangs-on-resume')) return
  if (does('closes-resumers')) return to.close(1011)
  const after = (partition: number) =>
    from === 'cursor' && !does('ignores-cursor') ? Number(last[partition] ?? -1) : -1
  const wanted = from === 'latest' ? [] : store.filter((one) => one.offset > after(one.partition))
  const capped = does('caps') ? wanted.slice(0, 100) : wanted
  const third = Math.floor(capped.length / 3)
  const page = does('hides-middle') ? capped.filter((_, i) => i < third || i > 2 * third) : capped
  for (const one of page) give(to, one)
  const ended = page.map(({ partition, offset }) => [partition, String(offset)] as const)
  const told = { totalReplayed: page.length, mode: from, capped: capped.length < wanted.length }
  const lastOffsetsByPartition = Object.fromEntries(ended)
  const whole = { type: 'replay_complete', lastOffsetsByPartition, ...told }
  say(to, does('lies-of-replay') ? { ...whole, mode: 'banana', totalReplayed: 0 } : whole)
  viewer.missed = []
  viewer.isLive = true
}

function reset(to: WebSocket): void {
  const ends = store.map(({ partition, offset }) => [partition, String(offset)] as const)
  const latestOffsetsByPartition = Object.fromEntries(ends)
  const totalPartitions = Object.keys(latestOffsetsByPartition).length
  if (!does('resets-nothing')) store = []
  const told = { bufferCleared: true, truncated: false, totalPartitions, message: 'cleared' }
  say(to, { type: 'cursor_reset_complete', latestOffsetsByPartition, ...told })
}

/** A viewer came: it may ask for a replay within a second, before anything live comes to it. */
export function open(to: WebSocket): void {
  const viewer: Viewer = { isLive: false, missed: [], behindSince: Infinity }
  viewers.set(to, viewer)
  if (does('closes-all')) to.close(1011)
  if (does('hangs-up')) setTimeout(() => to.terminate(), 3_000)
  setTimeout(() => {
    if (!viewer.isLive) for (const one of viewer.missed.splice(0)) give(to, one)
    viewer.isLive = true
  }, 1_000)
  to.on('close', () => viewers.delete(to))
  to.on('error', () => undefined)
  to.on('message', (bytes: Buffer) => {
    try {
      const frame = JSON.parse(String(bytes)) as Record<string, never>
      if (frame['type'] === 'ping') say(to, { type: 'pong' })
      const last = frame['lastOffsetsByPartition'] ?? {}
      if (frame['type'] === 'resume') resume(to, viewer, frame['from'] ?? 'cursor', last)
      if (frame['type'] === 'cursor_reset') reset(to)
    } catch {
      // What is no JSON is ignored.
    }
  })
}
