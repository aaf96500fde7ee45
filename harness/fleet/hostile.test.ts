/** What is said, and who is blamed, where relays of another make die in their own manner. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { hostileAnswered } from '../checkers/hostile-answered.ts'
import { historyOf } from '../history/history.ts'
import { hostileFrames, type HostileTopic } from '../wire/hostile-frames.ts'
import { fleetTestbed } from './fleet-testbed.ts'

const { perform, owned, connect, events, journal } = fleetTestbed('hostile')

/** What a relay does with a text before it reacts as it should; `true`: nothing more. */
type Quirk = (socket: WebSocket, text: string) => boolean | void

async function speak(quirk: Quirk, about: HostileTopic = 'nonsense', clients = 1) {
  const { url } = await owned(startRelay(quirk))
  await connect(url, {}, clients)
  await perform({ do: 'hostile-frames', group: 'g', about })
  await perform({ do: 'finish' })
  return hostileAnswered.judge(historyOf(journal().events), { limitMs: 2_000, about })
}

const said = (how: string) =>
  events('sent').flatMap(([, , , what]) =>
    what.startsWith(`${how}:`) ? [what.slice(how.length + 1)] : [],
  )

it('everything is said, and each frame gets its due', async () => {
  for (const about of ['nonsense', 'limits', 'multi-byte'] as const) {
    const judged = await speak(() => false, about)
    expect([judged.verdict, judged.rule, judged.why]).toEqual(['pass', 'answered', judged.why])
  }
  const names = [...said('hostile'), ...said('hostile-alone')]
  expect(names.toSorted()).toEqual(hostileFrames.map(({ name }) => name).toSorted())
})

it('a frame that kills some frames later is blamed, and not the last one', async () => {
  const judged = await speak((socket, text) => {
    if (text === 'null') setTimeout(() => socket.terminate(), 35)
  })
  expect([judged.verdict, judged.rule]).toEqual(['fail', 'ended-for-nothing'])
  expect(judged.why).toContain('"json-null"')
  expect(said('hostile-alone')).toContain('json-null')
  expect(said('hostile').length).toBeGreaterThan(20)
})

it('what happens once and not again leaves open who did it', async () => {
  let isFirst = true
  const judged = await speak((socket, text) => {
    if (text !== '42' || !isFirst) return
    isFirst = false
    socket.terminate()
  })
  expect([judged.verdict, judged.rule]).toEqual(['unknown', 'not-confirmed'])
  expect(judged.why).toContain('"json-number"')
})

it('a handler that hangs is found although its connection stays open', async () => {
  const dead = new WeakSet<WebSocket>()
  const judged = await speak((socket, text) => {
    if (text === '{}') dead.add(socket)
    return dead.has(socket)
  })
  expect([judged.verdict, judged.rule]).toEqual(['fail', 'not-answered'])
  expect(judged.why).toContain('"no-type"')
})

it('a resume that is not answered is found although pings are', async () => {
  const judged = await speak((_, text) => text.includes('" 42 "'))
  expect([judged.verdict, judged.rule]).toEqual(['fail', 'resume-unanswered'])
  expect(judged.why).toContain('"resume-spaces"')
})

it('a relay that serves too many entries is found where they are the matter', async () => {
  const serve: Quirk = (socket, text) => {
    if (!text.includes('"1024"')) return false
    socket.send('{"type":"replay_complete"}')
    return true
  }
  expect(await speak(serve, 'limits')).toMatchObject({ verdict: 'fail', rule: 'not-refused' })
  expect(await speak(serve, 'multi-byte')).toMatchObject({ verdict: 'pass' })
})

/** Reacts to control frames as the protocol asks, but for its quirk. */
function react(socket: WebSocket, bytes: Buffer): void {
  const refuse = (code: string) => {
    socket.send(JSON.stringify({ type: 'error', code }))
    socket.close(4_000)
  }
  if (bytes.length > 1_048_576) return refuse('CONTROL_FRAME_TOO_LARGE')
  const frame = parsed(bytes.toString())
  if (frame?.type === 'ping') socket.send('{"type":"pong"}')
  if (frame?.type !== 'resume') return
  const { lastOffsetsByPartition: offsets, lastSequencesByThread: threads } = frame
  if (Object.keys(offsets ?? {}).length > 1_024) return refuse('RESUME_TOO_MANY_PARTITIONS')
  if (Object.keys(threads ?? {}).length > 10_000) return refuse('RESUME_TOO_MANY_THREADS')
  socket.send('{"type":"replay_complete"}')
}

interface Frame {
  readonly type?: string
  readonly lastOffsetsByPartition?: object | null
  readonly lastSequencesByThread?: object | null
}

function parsed(text: string): Frame | undefined {
  try {
    return (JSON.parse(text) as Frame | null) ?? undefined
  } catch {
    return undefined
  }
}

async function startRelay(quirk: Quirk) {
  const http: Server = createServer()
  const sockets: WebSocket[] = []
  const server = new WebSocketServer({ server: http })
  server.on('connection', (socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('message', (bytes: Buffer, isBinary) => {
      if (!isBinary && quirk(socket, bytes.toString()) !== true) react(socket, bytes)
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/ws`,
    async close() {
      for (const socket of sockets) socket.terminate()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}
