/**
 * Free loopback ports. They lie below the range from which the kernel takes ports for outgoing
 * connections, and are held until just before use: what is left is a race with another harness,
 * and starting a server is tried again with other ports when it loses. Within one harness no
 * port is chosen twice, so that runs beside one another do not take each other's.
 */
import { createServer, type Server } from 'node:net'
import { dice } from './dice.ts'

const firstPort = 20_000
const portCount = 12_000
const triesMax = 400
/** Ports that this process chose lately; the oldest are forgotten, long after their use. */
const chosen = new Set<number>()
const chosenMax = portCount / 4

/** Ports that no other process can bind until they are released. */
export interface HeldPorts {
  readonly ports: readonly number[]
  /** Frees them; the servers must be started right after. */
  release(): Promise<void>
}

/** Holds `count` free ports of 127.0.0.1. `seed` decides where the search begins. */
export async function holdPorts(count: number, seed: string): Promise<HeldPorts> {
  const die = dice(`${seed}/ports`)
  const held: { port: number; server: Server }[] = []
  for (let tries = 0; held.length < count; tries++) {
    if (tries === triesMax) throw new Error(`no ${count} free ports found in ${triesMax} tries`)
    const port = firstPort + die.int(portCount)
    if (chosen.has(port)) continue
    remember(port)
    const server = await hold(port)
    if (server !== undefined) held.push({ port, server })
  }
  return {
    ports: held.map(({ port }) => port),
    release: async () => {
      await Promise.all(held.map(({ server }) => new Promise((done) => server.close(done))))
    },
  }
}

function remember(port: number): void {
  chosen.add(port)
  const [oldest] = chosen
  if (chosen.size > chosenMax && oldest !== undefined) chosen.delete(oldest)
}

/** A server that holds the port; undefined when another process has it. */
function hold(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', () => resolve(undefined))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server))
  })
}

/** A port that was free a moment ago, for a server that is started again where it was. */
export async function freePort(seed: string): Promise<number> {
  const held = await holdPorts(1, seed)
  await held.release()
  return held.ports[0] ?? 0
}

/** Whether something listens on this port of 127.0.0.1. */
export async function isTaken(port: number): Promise<boolean> {
  const server = await hold(port)
  await new Promise((done) => (server === undefined ? done(undefined) : server.close(done)))
  return server === undefined
}
