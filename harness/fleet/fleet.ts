/**
 * The fleet: all WebSocket clients of a run, by group, and what the conductor may ask of them.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { sleep, type Clock, type Timer } from '../../relay/world/clock.ts'
import { abortHandshakes } from './aborts.ts'
import { Client, type ClientPlan, type ClientWorld } from './client.ts'
import type { Dice } from '../world/dice.ts'
import { textFrame } from '../wire/frame-writer.ts'
import type { HostileTopic } from '../wire/hostile-frames.ts'
import { sendHostileFrames } from './hostile.ts'
import { hungUpPorts, unreadBytesByPort } from '../wire/kernel-queues.ts'
import type { FleetCommand, FleetStart, FleetStatus, GroupStatus } from './protocol.ts'
import type { ReferenceReader } from './reference-reader.ts'

export interface FleetWorld extends ClientWorld {
  /**
   * Decides which clients leave by themselves, and how. When each is asked depends on the machine:
   * no run repeats that exactly.
   */
  readonly leaves: Dice
  /** Makes the eyes of a client of a `reference` group. */
  reference(client: number): ReferenceReader
}

export type FleetOrder = Exclude<FleetCommand, FleetStart>
type SendOrder = Extract<FleetCommand, { do: 'send' }>
type ConnectOrder = Extract<FleetCommand, { do: 'connect' }>

export interface Fleet {
  /** Does what a command says and returns the status of the fleet afterwards. */
  perform(order: FleetOrder): Promise<FleetStatus>
  /** Ends all clients and timers immediately; for tests and for a conductor that is gone. */
  stop(): void
}

/** Clients of one group, and what those that left have done. */
interface Group {
  clients: Client[]
  isStalled: boolean
  left: Omit<GroupStatus, 'open' | 'floor' | 'replaying'>
}

/** How often old runs are looked for and written. */
const sweepMs = 250
/** A flood that nothing was taken of for this long is over. */
const floodIdleLimitMs = 3_000

/** How often the fleet reports how well it could observe. */
const strainMs = 1_000

const holdBackPauseMs = 10
/** The largest control frame of the protocol, without its end. */
const unfinishedText = () => textFrame(' '.repeat(1_048_576), Buffer.alloc(4)).subarray(0, -1)

export function createFleet(world: FleetWorld): Fleet {
  return new ClientFleet(world)
}

class ClientFleet implements Fleet {
  readonly #world: FleetWorld
  readonly #groups = new Map<string, Group>()
  readonly #delay = monitorEventLoopDelay({ resolution: 10 })
  readonly #timers: readonly Timer[]
  #clientsMade = 0
  /** Longest delay since the fleet was asked last; the monitor itself starts again each second. */
  #delayMsMax = 0
  #isResting = false

  constructor(world: FleetWorld) {
    this.#world = world
    this.#delay.enable()
    const { clock, journal } = world
    const sweep = () => {
      const now = journal.now()
      for (const client of this.#clients()) {
        client.sweep(now)
        this.#leaveByChance(client)
      }
    }
    this.#timers = [
      clock.every(sweepMs, sweep),
      clock.every(strainMs, () => void this.#tellStrain()),
    ]
  }

  async perform(order: FleetOrder): Promise<FleetStatus> {
    await this.#perform(order)
    this.#takeDelay()
    const eventLoopDelayMsMax = this.#delayMsMax
    this.#delayMsMax = 0
    return { ...(await statusOf(this.#groups)), eventLoopDelayMsMax }
  }

  stop(): void {
    this.#rest()
    for (const client of this.#clients()) void client.leave('reset')
  }

  async #perform(order: FleetOrder): Promise<void> {
    if (order.do === 'status') return
    if (order.do === 'finish') return this.#finish()
    if (order.do === 'connect') return this.#connect(order)
    const group = this.#groups.get(order.group)
    if (group === undefined) throw new Error(unknownGroup(order.group, this.#groups))
    const open = group.clients.filter((client) => client.isOpen)
    switch (order.do) {
      case 'disconnect':
        return disconnect(group, order.how)
      case 'reading':
        group.isStalled = order.isStalled
        for (const client of group.clients) client.setReading(order.isStalled)
        return
      case 'send':
        await Promise.all(open.map((one) => sendBy(one, order)))
        return
      case 'resume':
        for (const client of open) client.resume(order.from)
        return
      case 'hold-back':
        return holdBack(this.#world.clock, open)
      case 'abort-handshakes':
        for (const { plan } of group.clients) await abortHandshakes(this.#world, plan, order.each)
        return
      case 'hostile-frames':
        return this.#speak(group, order.about)
    }
  }

  /** What a client of a page does: it leaves, in one way or the other, and is back immediately. */
  #leaveByChance(client: Client): void {
    const everyMs = client.plan.spec.leavesEveryMs
    if (everyMs === undefined || !client.isOpen || client.isStalled) return
    const { leaves } = this.#world
    if (leaves.next() < sweepMs / everyMs) {
      client.drop(leaves.pick(['close', 'reset'] as const))
    }
  }

  async #connect(order: ConnectOrder): Promise<void> {
    const { group: name, count, url, host, token, spec, deadlineMs } = order
    const group = this.#groups.get(name) ?? openGroup()
    this.#groups.set(name, group)
    const plan = { group: name, url, host, token, spec }
    const fresh = Array.from({ length: count }, () => this.#make(plan))
    group.clients.push(...fresh)
    for (const client of fresh) client.setReading(group.isStalled)
    await Promise.all(fresh.map((client) => client.open(deadlineMs)))
  }

  async #speak({ clients }: Group, about: HostileTopic): Promise<void> {
    const [first] = clients
    if (first === undefined) return
    const spawned: Client[] = []
    const spawn = () => {
      const client = this.#make(first.plan)
      spawned.push(client)
      return client
    }
    await sendHostileFrames({ clock: this.#world.clock, clients, spawn }, about)
    await Promise.all(spawned.map((client) => client.leave('reset')))
  }

  /** One more client like that. */
  #make(like: Omit<ClientPlan, 'number' | 'reference'>): Client {
    this.#clientsMade += 1
    const number = this.#clientsMade
    const isReference = like.spec.reads === 'reference'
    const reference = isReference ? this.#world.reference(number) : undefined
    return new Client(this.#world, { ...like, number, reference })
  }

  async #finish(): Promise<void> {
    await Promise.all(Array.from(this.#groups.values(), (group) => disconnect(group, 'close')))
    this.#rest()
  }

  #rest(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#delay.disable()
    this.#isResting = true
  }

  /** The longest delay of this process's event loop since the last call. */
  #takeDelay(): number {
    const delayMs = this.#delay.max / 1e6
    this.#delay.reset()
    this.#delayMsMax = Math.max(this.#delayMsMax, delayMs)
    return delayMs
  }

  async #tellStrain(): Promise<void> {
    const { journal } = this.#world
    const delayMs = Math.round(this.#takeDelay())
    const backlogBytes = await backlogOf(this.#groups.values())
    if (this.#isResting) return
    journal.write(['strain', journal.now(), 'fleet', delayMs, 0, backlogBytes])
  }

  *#clients(): Generator<Client> {
    for (const group of this.#groups.values()) yield* group.clients
  }
}

async function sendBy(client: Client, order: SendOrder): Promise<void> {
  const { opcode, text, what, each } = order
  const payload = Buffer.from(text)
  if (each === undefined) client.send(opcode, payload, what)
  else await client.sendMany({ opcode, payload, what, each }, floodIdleLimitMs)
}

/** All clients of a group leave; the group can be joined again. */
async function disconnect(group: Group, how: 'close' | 'reset'): Promise<void> {
  const leaving = group.clients
  const hungUp = await hungUpPorts()
  await Promise.all(leaving.map((client) => client.leave(how, hungUp)))
  for (const client of leaving) client.plan.reference?.compareAll()
  group.left = totals(group.left, leaving)
  group.clients = group.clients.filter((client) => !leaving.includes(client))
}

function openGroup(): Group {
  const left = { closed: 0, refused: 0, deliveries: 0, bytesRead: 0 }
  return { clients: [], isStalled: false, left }
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
  const backlogBytes = await backlogOf(groups.values())
  const status: Record<string, GroupStatus> = {}
  for (const [name, group] of groups) {
    const open = group.clients.filter((client) => client.isOpen)
    const sum = totals(group.left, group.clients)
    const replaying = open.filter(({ stream }) => stream.isReplaying).length
    status[name] = { ...sum, open: open.length, replaying, floor: floorOf(open) }
  }
  return { groups: status, backlogBytes }
}

/** Bytes that wait in the kernel although their clients read without delay. */
async function backlogOf(groups: Iterable<Group>): Promise<number> {
  const unread = await unreadBytesByPort()
  const clients = Array.from(groups, (group) => group.clients).flat()
  return clients
    .filter((client) => client.readsAtOnce)
    .reduce((sum, { localPort }) => sum + (unread.get(localPort) ?? 0), 0)
}

/** Highest offset per partition that all of `clients` have; without partitions that one lacks. */
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

/** One after the other: what counts is what all of them hold, and not how quickly it comes. */
async function holdBack(clock: Clock, clients: readonly Client[]): Promise<void> {
  const unfinished = unfinishedText()
  for (const client of clients) {
    client.holdBack(unfinished)
    await sleep(clock, holdBackPauseMs)
  }
}
