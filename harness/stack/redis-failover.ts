/**
 * A failover as seen behind one address of a load balancer or a service: new connections reach
 * another server, and open ones stay with the old one, which is now its read-only replica. No
 * forwarder is needed: a Redis that changes its port keeps its connections, and its old port is
 * free for the other one.
 */
import { sleep, type Clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import { askRedis } from './redis-server.ts'

const syncLimitMs = 10_000
const askEveryMs = 50

/** Ports of 127.0.0.1. */
export interface FailoverPorts {
  /** The address: the old server's, and the new one's afterwards. */
  readonly place: number
  /** Where the new one was started. */
  readonly from: number
  /** Where the old one goes; nothing may listen there. */
  readonly aside: number
}

/** Makes a replica sync soon: by default its primary waits 5 s for further replicas. */
export const atOnce = { 'repl-diskless-sync-delay': '0' } as const

/**
 * The new server copies the old one's data, then takes its port.
 *
 * @returns the number of client connections that stay with the old one
 * @throws Error with Redis's answer, such as that of one before 7.0, which keeps its port; then
 * the old one is the primary on its port again
 */
export async function takePlace(clock: Clock, ports: FailoverPorts): Promise<number> {
  const { place, from, aside } = ports
  const tell = (port: number, command: string) => askRedis(clock, port, command, /^\+(OK)/)
  await tell(place, 'CONFIG SET repl-diskless-sync-delay 0')
  await tell(from, `REPLICAOF 127.0.0.1 ${place}`)
  await withDeadline(clock, syncLimitMs, 'the replica of Redis', async (signal) => {
    while ((await linkOf(clock, from)) !== 'connected') await sleep(clock, askEveryMs, signal)
  })
  await tell(place, `CONFIG SET port ${aside}`)
  try {
    // Count before it refuses writes: clients may disconnect immediately.
    const stay = await connectionsAt(clock, aside)
    await tell(from, 'REPLICAOF NO ONE')
    await tell(aside, `REPLICAOF 127.0.0.1 ${place}`)
    await tell(from, `CONFIG SET port ${place}`)
    return stay
  } catch (error) {
    await tell(aside, 'REPLICAOF NO ONE')
    await tell(aside, `CONFIG SET port ${place}`)
    throw error
  }
}

/** How a replica stands with its primary; `connected` once it has what the primary has. */
const linkOf = (clock: Clock, port: number): Promise<string> =>
  askRedis(clock, port, 'ROLE', /\$\d+\r\n(\w+)\r\n:-?\d+\r\n$/)

/** Connections of clients, without the one that asks. */
export async function connectionsAt(clock: Clock, port: number): Promise<number> {
  const listed = await askRedis(clock, port, 'CLIENT LIST TYPE normal', /^\$\d+\r\n([^]*\n)\r\n$/)
  return listed.trim().split('\n').length - 1
}
