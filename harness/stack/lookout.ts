/**
 * Notices when a server of the stack is gone. To clients, a dead Kafka, Redis or Toxiproxy looks
 * like a relay that loses records. Faults break the links between servers, never the servers, so
 * servers are probed directly.
 */
import { connect } from 'node:net'
import { splitAddress } from '../../relay/tables/addresses.ts'
import type { Clock } from '../../relay/world/clock.ts'
import type { Exit } from '../world/owned-child.ts'
import { lastWordsOf } from '../world/last-words.ts'
import type { Address } from './ways.ts'

export type ServerRole = 'kafka' | 'redis' | 'toxiproxy'

/** A server that is there to be asked: one object from its start to its end. */
export interface Server {
  readonly role: ServerRole
  readonly address: Address
}

/** A server that is gone, and how that is known. */
export interface GoneServer {
  readonly role: ServerRole
  /** Of a process of ours. */
  readonly exit?: Exit & { readonly pid: number }
  /** One sentence; its last words may come some moments after its end. */
  says(): string
}

export interface Lookout {
  /** Servers that are gone and were not brought back. */
  readonly gone: ReadonlyMap<ServerRole, GoneServer>
  /** Takes what another observer saw. */
  tell(gone: GoneServer): void
  /** The server is there again. */
  forget(role: ServerRole): void
  /**
   * Looks until the returned function is called; reports each server that is gone once, also those
   * that are gone already.
   */
  watch(see: (gone: GoneServer) => void): () => void
  /** Asks each server once, and remembers who is not there. */
  ask(): Promise<void>
}

const everyMs = 2_000
const answerLimitMs = 3_000
/** A server under load may be late; one that says nothing for so many askings is gone. */
const silencesMax = 4
/** A refused connection counts double, because it shows more than silence. */
const refusalWeight = 2

/** A request that each server answers. */
const questions: Readonly<Record<ServerRole, Uint8Array>> = {
  // Length, ApiVersions 0, correlation 1, no client id.
  kafka: Buffer.from('0000000a0012000000000001ffff', 'hex'),
  redis: Buffer.from('PING\r\n'),
  toxiproxy: Buffer.from('GET /version HTTP/1.0\r\n\r\n'),
}

/** `servers`: who is there now. What comes after a server's time is not held against the next. */
export function openLookout(clock: Clock, servers: () => readonly Server[]): Lookout {
  const gone = new Map<ServerRole, GoneServer>()
  const watchers = new Set<(gone: GoneServer) => void>()
  const silences = new WeakMap<Server, number>()
  const tell = (one: GoneServer) => {
    if (gone.has(one.role)) return
    gone.set(one.role, one)
    for (const see of watchers) see(one)
  }
  const ask = async (server: Server) => {
    const found = await pulseOf(clock, server)
    if (!servers().includes(server)) return
    const weight = { alive: -Infinity, silent: 1, refused: refusalWeight }[found]
    const silent = Math.max(0, (silences.get(server) ?? 0) + weight)
    silences.set(server, silent)
    const what = found === 'refused' ? 'refuses connections' : 'no longer answers'
    if (silent >= silencesMax) tell(goneBy(server, what))
  }
  const askAll = async () => void (await Promise.all(servers().map(ask)))
  let isAsking = false
  const look = () => {
    if (isAsking) return
    isAsking = true
    void askAll().finally(() => (isAsking = false))
  }
  return {
    gone,
    tell,
    forget(role) {
      gone.delete(role)
      for (const server of servers()) if (server.role === role) silences.delete(server)
    },
    ask: askAll,
    watch(see) {
      watchers.add(see)
      for (const one of gone.values()) see(one)
      const timer = clock.every(everyMs, look)
      return () => {
        timer.cancel()
        watchers.delete(see)
      }
    },
  }
}

const goneBy = ({ role, address }: Server, what: string): GoneServer => ({
  role,
  says: () => `${names[role]} at ${address}, a server of the harness, ${what}.`,
})

/** A server whose process has ended. */
export function endedServer(
  role: ServerRole,
  process: { readonly pid: number; tail(): string },
  exit: Exit,
): GoneServer {
  const how = exit.signal ?? `code ${exit.code}`
  const says = () =>
    `${names[role]}, a server of the harness, ended (${how}). ${lastWordsOf(process.tail())}`
  return { role, exit: { ...exit, pid: process.pid }, says }
}

const names: Readonly<Record<ServerRole, string>> = {
  kafka: 'Kafka',
  redis: 'Redis',
  toxiproxy: 'Toxiproxy',
}

/** Whether a server reacts at all. One that closes an unknown connection is alive. */
function pulseOf(clock: Clock, { role, address }: Server): Promise<'alive' | 'refused' | 'silent'> {
  const socket = connect(splitAddress(address))
  const { promise, resolve } = Promise.withResolvers<'alive' | 'refused' | 'silent'>()
  const timer = clock.after(answerLimitMs, () => resolve('silent'), true)
  socket.once('connect', () => socket.write(questions[role]))
  socket.once('data', () => resolve('alive'))
  socket.once('end', () => resolve('alive'))
  socket.on('error', ({ code }: NodeJS.ErrnoException) =>
    resolve(code === 'ECONNREFUSED' ? 'refused' : 'silent'),
  )
  return promise.finally(() => {
    timer.cancel()
    socket.destroy()
  })
}
