/** Servers that answer, hang up, say nothing, or are not there; and a process that ended. */
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import { endedServer, openLookout, type GoneServer, type Server } from './lookout.ts'

async function server(meet: (socket: Socket) => void): Promise<string> {
  const listening = createServer((socket) => {
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => undefined)
    meet(socket)
  })
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void listening.close())
  return `127.0.0.1:${(listening.address() as AddressInfo).port}`
}

/** An address at which nothing listens. */
async function nowhere(): Promise<string> {
  const listening = createServer()
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const { port } = listening.address() as AddressInfo
  await new Promise((resolve) => listening.close(resolve))
  return `127.0.0.1:${port}`
}

/** What is reported of a Redis at `address` that is asked `times` times. */
async function asked(address: string, times: number): Promise<readonly string[]> {
  const clock = new ManualClock()
  const servers = [{ role: 'redis', address }] as const
  const lookout = openLookout(clock, () => servers)
  const told: GoneServer[] = []
  onTestFinished(lookout.watch((one) => told.push(one)))
  for (let i = 0; i < times; i += 1) {
    const asking = lookout.ask()
    // Whoever answers at all answers within this time, on any machine.
    await Promise.race([asking, new Promise((resolve) => setTimeout(resolve, 200))])
    clock.advance(3_100)
    await asking
  }
  return told.map((one) => one.says())
}

test('who answers is there, and who hangs up on a stranger as well', async () => {
  const answers = await server((socket) => socket.end('-NOAUTH\r\n'))
  expect(await asked(answers, 5)).toEqual([])
  expect(await asked(await server((socket) => socket.end()), 5)).toEqual([])
})

test('a server that is silent for long is gone, and reported once', async () => {
  const silent = await server(() => undefined)
  expect(await asked(silent, 2)).toEqual([])
  expect(await asked(silent, 6)).toEqual([expect.stringMatching(/Redis .*no longer answers/)])
})

test('a server that does not listen is gone, and reported once', async () => {
  const address = await nowhere()
  expect(await asked(address, 4)).toEqual([`Redis at ${address}, a server of the harness, ` +
    'refuses connections.'])
})

test('what one server left unanswered is not held against the next at its address', async () => {
  const clock = new ManualClock()
  const address = await server(() => undefined)
  let servers: readonly Server[] = [{ role: 'toxiproxy', address }]
  const lookout = openLookout(clock, () => servers)
  const silence = async () => {
    const asking = lookout.ask()
    clock.advance(3_100)
    await asking
  }
  await silence()
  await silence()
  await silence()
  const asking = lookout.ask()
  servers = [{ role: 'toxiproxy', address }]
  lookout.forget('toxiproxy')
  clock.advance(3_100)
  await asking
  await silence()
  expect([...lookout.gone.keys()]).toEqual([])
})

test('a process that ended is reported to later observers too, until it is back', () => {
  const lookout = openLookout(new ManualClock(), () => [])
  const child = { pid: 7, tail: () => 'one\ntwo\n\n' }
  lookout.tell(endedServer('kafka', child, { code: null, signal: 'SIGKILL' }))
  const told: GoneServer[] = []
  lookout.watch((one) => told.push(one))()
  expect(told.map((one) => one.says())).toEqual([
    'Kafka, a server of the harness, ended (SIGKILL). Its last words: "one | two".',
  ])
  lookout.forget('kafka')
  lookout.watch((one) => told.push(one))()
  expect(told).toHaveLength(1)
})
