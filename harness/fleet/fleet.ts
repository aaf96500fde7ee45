/**
 * The fleet: all WebSocket clients of a run, by group, and what the conductor may ask of them.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ClientGroup } from '../dsl/scenario.ts'
import { Client, type ClientWorld, type ResumeFrom } from './client.ts'
import { sendHostileFrames } from './hostile.ts'
import { unreadBytesByPort } from './kernel-queues.ts'
import type { FleetCommand, FleetStart, FleetStatus, GroupStatus } from './protocol.ts'
import type { ReferenceReader } from './reference-reader.ts'

export interface FleetWorld extends ClientWorld {
  /** Makes the eyes of a client of a `reference` group. */
  reference(client: number): ReferenceReader
}

export type FleetOrder = Exclude<FleetCommand, FleetStart>
type ConnectOrder = Extract<FleetCommand, { do: 'connect' }>

export interface Fleet {
  /** Does what a command says and tells what the fleet has afterwards. */
  perform(order: FleetOrder): Promise<FleetStatus>
  /** Ends all clients and timers at once; for tests and for a conductor that is gone. */
  stop(): void
}

/** Clients of one group, and what those that left have done. */
interface Group {
  readonly spec: ClientGroup
  clients: Client[]
  isStalled: boolean
  left: Omit<GroupStatus, 'open' | 'floor'>
}

/** How often old runs are looked for and written. */
const sweepMs = 250
/** A flood that nothing was taken of for this long is over. */
const floodIdleLimitMs = 3_000

export function createFleet(world: FleetWorld): Fleet {
  const groups = new Map<string, Group>()
  let clientsMade = 0
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  const sweep = world.clock.every(sweepMs, () => {
    const now = world.journal.now()
    for (const client of clientsOf(groups.values())) client.sweep(now)
  })

  const connect = async (order: ConnectOrder) => {
    const group = groups.get(order.group) ?? openGroup(order.spec)
    groups.set(order.group, group)
    const fresh = Array.from({ length: order.count }, () => {
      clientsMade += 1
      return new Client(world, {
        number: clientsMade,
        group: order.group,
        url: order.url,
        token: order.token,
        spec: order.spec,
        reference: order.spec.reads === 'reference' ? world.reference(clientsMade) : undefined,
      })
    })
    group.clients.push(...fresh)
    for (const client of fresh) client.setReading(group.isStalled)
    await Promise.all(fresh.map((client) => client.open(order.deadlineMs)))
  }
  const disconnect = async (group: Group, how: 'close' | 'reset') => {
    const leaving = group.clients
    await Promise.all(leaving.map((client) => client.leave(how)))
    for (const client of leaving) client.plan.reference?.compareAll()
    group.left = totals(group.left, leaving)
    group.clients = group.clients.filter((client) => !leaving.includes(client))
  }
  const finish = async () => {
    await Promise.all([...groups.values()].map((group) => disconnect(group, 'close')))
    sweep.cancel()
    delay.disable()
  }
  const perform = async (order: FleetOrder): Promise<void> => {
    if (order.do === 'status') return
    if (order.do === 'finish') return finish()
    if (order.do === 'connect') return connect(order)
    const group = groups.get(order.group)
    if (group === undefined) throw new Error(unknownGroup(order.group, groups))
    const open = group.clients.filter((client) => client.isOpen)
    switch (order.do) {
      case 'disconnect':
        return disconnect(group, order.how)
      case 'reading':
        group.isStalled = order.isStalled
        for (const client of group.clients) client.setReading(order.isStalled)
        return
      case 'pings':
        await Promise.all(open.map((one) => one.pings(order.kind, order.each, floodIdleLimitMs)))
        return
      case 'resume':
        for (const client of open) client.resume(order.from satisfies ResumeFrom)
        return
      case 'hostile-frames':
        return sendHostileFrames(world.clock, group.clients)
    }
  }
  return {
    async perform(order) {
      await perform(order)
      const eventLoopDelayMsMax = delay.max / 1e6
      delay.reset()
      return { ...(await statusOf(groups)), eventLoopDelayMsMax }
    },
    stop() {
      sweep.cancel()
      delay.disable()
      for (const client of clientsOf(groups.values())) void client.leave('reset')
    },
  }
}

function openGroup(spec: ClientGroup): Group {
  const left = { closed: 0, refused: 0, deliveries: 0, bytesRead: 0 }
  return { spec, clients: [], isStalled: false, left }
}

function* clientsOf(groups: Iterable<Group>): Generator<Client> {
  for (const group of groups) yield* group.clients
}

function totals(before: Group['left'], clients: readonly Client[]): Group['left'] {
  const sum = { ...before }
  for (const client of clients) {
    sum.closed += client.closedCount
    sum.refused += client.refusedCount
    sum.deliveries += client.stream.log.count
    sum.bytesRead += client.bytesRead
  }
  return sum
}

async function statusOf(groups: ReadonlyMap<string, Group>): Promise<
  Omit<FleetStatus, 'eventLoopDelayMsMax'>
> {
  const unread = await unreadBytesByPort()
  let backlogBytes = 0
  const status: Record<string, GroupStatus> = {}
  for (const [name, group] of groups) {
    const open = group.clients.filter((client) => client.isOpen)
    for (const client of open) {
      if (client.readsAtOnce) backlogBytes += unread.get(client.localPort) ?? 0
    }
    const sum = totals(group.left, group.clients)
    status[name] = { ...sum, open: open.length, floor: floorOf(open) }
  }
  return { groups: status, backlogBytes }
}

/** Highest offset per partition that all of `clients` have; a partition that one lacks is left out. */
function floorOf(clients: readonly Client[]): Record<string, string> {
  const [first, ...others] = clients
  const floor: Record<string, string> = {}
  for (const [partition, offset] of first?.stream.log.cursor() ?? []) {
    const lowest = others.reduce(
      (low, client) => Math.min(low, client.stream.log.highest(partition) ?? -1),
      offset,
    )
    if (lowest >= 0) floor[partition] = String(lowest)
  }
  return floor
}

function unknownGroup(name: string, groups: ReadonlyMap<string, Group>): string {
  const known = [...groups.keys()].join(', ') || 'none yet'
  return `no client of group "${name}" was ever connected; connect it first (groups: ${known})`
}
