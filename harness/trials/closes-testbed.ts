/**
 * Why a relay closes clients: each reason is caused on running relays. A reason that no test can
 * cause was never seen to work.
 */
import { closeRows, type CloseReason } from '../../relay/tables/close-codes.ts'
import type { RelaySettings } from '../targets/timing.ts'
import { closeFrame, maskedFrame, textFrame } from '../wire/frame-writer.ts'
import { Client } from '../wire/relay-client.ts'
import { record } from './records-testbed.ts'
import type { Place } from './reference-testbed.ts'
import { until } from './until-testbed.ts'

/** Relays that wait shortly for a write, for a ping (and cannot replay), and for nothing. */
export interface RunContext {
  readonly hasty: Place
  readonly failing: Place
  readonly patient: Place
}

export const slots = 32
/** No client waits to be live: a blocked client holds what is sent from then on. */
const shared = {
  connectionsPerIpMax: slots,
  clientFramesPerSecondMax: 0,
  resumeGraceMs: 0,
} as const
export const settingsOf: Readonly<Record<keyof RunContext, RelaySettings>> = {
  hasty: { ...shared, sendTimeoutMs: 1_000, lagDisconnectRecords: 0 },
  failing: { ...shared, pingIntervalMs: 1_000 },
  patient: {
    ...shared,
    sendTimeoutMs: 60_000,
    pingIntervalMs: 60_000,
    lagDisconnectRecords: 1,
    ringBytesMax: 16 * 1_024 * 1_024,
    pinnedBytesMax: 1_024 * 1_024,
    clientQueuesBytesMax: 1_024 * 1_024,
    replayTimeoutMs: 1_000,
    replaysMax: 1,
    replayWaitMs: 1_000,
  },
}

/** Reasons that need more than a relay and its clients, and the test that sees them. */
export const seenElsewhere = {
  log_replaced: 'reference-forgets.stack.test.ts',
  frame_held_back: 'reference-memory.stack.test.ts',
} as const satisfies Partial<Record<CloseReason, string>>

/** What was seen of a reason: the code that the client got, or null for none. */
export type Seen = Partial<Record<CloseReason, number | null>>
/** What the table promises of all the others. */
export const promised: Seen = Object.fromEntries(
  Object.entries(closeRows)
    .filter(([reason]) => !(reason in seenElsewhere))
    .map(([reason, { code }]) => [reason, code === 1006 ? null : code]),
)

const mask = Buffer.from([1, 2, 3, 4])
const resume = '{"type":"resume","from":"earliest"}'
const large = (number: number) => record(number, 900_000)
/** Records that fill what lies between a relay and a client that does not read, and no more. */
const blocking = 14

/** One fragment that is not the last: of a text, or of what has begun. */
const fragment = (isFirst: boolean) => {
  const frame = maskedFrame('text', Buffer.from('x'), mask)
  frame[0] = isFirst ? 0x01 : 0x00
  return frame
}
/** The head of a binary frame of so many bytes. */
function frameHead(bytes: number): Buffer {
  const head = Buffer.alloc(14)
  head.set([0x82, 0xff])
  head.writeBigUInt64BE(BigInt(bytes), 2)
  mask.copy(head, 10)
  return head
}

/** A client that sends these is closed immediately. */
const faults = {
  client_left: [closeFrame(1000, mask)],
  protocol_error: [Buffer.from([0x83, 0x80, ...mask])],
  invalid_text: [maskedFrame('text', Buffer.from([0xff, 0xfe]), mask)],
  too_many_fragments: Array.from({ length: 1_025 }, (_, at) => fragment(at === 0)),
  frame_too_large: [frameHead(100 * 1_024 * 1_024)],
  resume_refused: [textFrame(resumeOf(1_025), mask)],
} as const satisfies Partial<Record<CloseReason, readonly Buffer[]>>

function resumeOf(partitions: number): string {
  const entries = Array.from({ length: partitions }, (_, at) => [at, '0'])
  const lastOffsetsByPartition = Object.fromEntries(entries) as object
  return JSON.stringify({ type: 'resume', lastOffsetsByPartition })
}

/** Whether the relay reports that it closed a client for this reason. */
const isCounted = async ({ metric }: Place, reason: CloseReason): Promise<boolean> =>
  (await metric('relay_clients_closed_total', `"${reason}"`)) > 0

const codeOf = (client: Client | undefined) => client?.closeCode ?? null

/** Waits until the relay says that it ended a client for this, and the client has seen the end. */
async function see(seen: Seen, place: Place, reason: CloseReason, client?: Client): Promise<void> {
  await until(`${reason} to be counted`, () => isCounted(place, reason))
  if (client !== undefined) await until(`the end for ${reason}`, () => client.isEnded)
  seen[reason] = codeOf(client)
}

/** Brings about every reason; the relays end for the last one. */
export async function seeAll({ hasty, patient, failing }: RunContext): Promise<Seen> {
  const seen: Seen = {}
  await Promise.all([
    seeBlocked(seen, hasty),
    seeFaults(seen, patient).then(() => seeCrowd(seen, patient)),
    seeFailedReplay(seen, failing).then(() => seeSilence(seen, failing)),
  ])
  const last = await Client.open(patient.address)
  const ending = patient.relay.stop()
  await until('the farewell', () => last.isEnded)
  seen.shutdown = codeOf(last)
  await ending
  return seen
}

async function seeFaults(seen: Seen, place: Place): Promise<void> {
  for (const [reason, bytes] of Object.entries(faults) as [keyof typeof faults, Buffer[]][]) {
    const client = await Client.open(place.address)
    client.raw(...bytes)
    await see(seen, place, reason, client)
  }
  const client = await Client.open(place.address)
  client.reset()
  await see(seen, place, 'client_gone', client)
}

/** One that says nothing, and two who take their time for a message and answer no ping. */
async function seeSilence(seen: Seen, place: Place): Promise<void> {
  const peers = await Promise.all([0, 1, 2].map(() => Client.open(place.address)))
  const [inBytes, inFragments] = peers as [Client, Client, Client]
  inBytes.raw(frameHead(1_000_000))
  inFragments.raw(fragment(true))
  await until('the end of slow messages', () => {
    inBytes.raw(Buffer.alloc(1))
    inFragments.raw(fragment(false))
    return inBytes.isEnded && inFragments.isEnded
  })
  await until('three to be counted', async () => {
    return (await place.metric('relay_clients_closed_total', 'ping_timeout')) === 3
  })
  seen.ping_timeout = codeOf(inBytes)
}

async function seeBlocked(seen: Seen, place: Place): Promise<void> {
  const client = await Client.open(place.address)
  await block(place, client)
  await until('send_timeout to be counted', () => isCounted(place, 'send_timeout'))
  seen.send_timeout = codeOf(client)
}

async function seeFailedReplay(seen: Seen, place: Place): Promise<void> {
  const client = await Client.open(place.address)
  await place.produce([record(0)])
  await until('the record', () => {
    client.send('{"type":"ping"}')
    return client.deliveries.length === 1
  })
  client.send(resume)
  await see(seen, place, 'replay_failed', client)
}

/** Those who do not read, beside one who does: without it, consumption would wait for them. */
async function seeCrowd(seen: Seen, place: Place): Promise<void> {
  const reader = await Client.open(place.address)
  await seeBacklog(seen, place)
  await seePinned(seen, place, reader)
  await seeLateReplay(seen, place)
  reader.end()
}

/** All ask and none reads, until what waits for them together is too much; then all are gone. */
async function seeBacklog(seen: Seen, place: Place): Promise<void> {
  const crowd = await Promise.all(Array.from({ length: 24 }, () => Client.open(place.address)))
  await block(place, ...crowd)
  let mostBytes = 0
  await until('the waiting bytes to become fewer, although no client reads', async () => {
    for (const client of crowd) client.pings(500)
    const bytes = await place.metric('relay_client_queue_bytes')
    mostBytes = Math.max(mostBytes, bytes)
    return bytes < mostBytes
  })
  let ended: Client | undefined
  for (const client of crowd) {
    client.read()
    await until('its end, or all that it was owed', () => {
      return client.isEnded || client.deliveries.length === blocking
    })
    ended = client
    if (client.isEnded) break
  }
  await see(seen, place, 'control_backlog', ended)
  for (const client of crowd) client.reset()
  await see(seen, place, 'send_failed')
}

/** The first client to block is the last to hold these bytes; the other comes back too late. */
async function seePinned(seen: Seen, place: Place, reader: Client): Promise<void> {
  const first = await Client.open(place.address)
  await block(place, first)
  const late = await Client.open(place.address)
  late.stall()
  await until('slow_consumer_memory to be counted', async () => {
    await place.produce([large(0)])
    return isCounted(place, 'slow_consumer_memory')
  })
  seen.slow_consumer_memory = codeOf(first)
  await place.produce([large(0), large(0), record(0)])
  await until('the last to be read', () => reader.deliveries.at(-1)!.value.length < 1_000)
  const missed = () => place.metric('websocket_dropped_messages_total')
  await until('its missing records to be counted first', async () => (await missed()) > 0)
  late.read()
  await see(seen, place, 'slow_client', late)
}

/** One replay stands still in the only place, and another one does not get it. */
async function seeLateReplay(seen: Seen, place: Place): Promise<void> {
  const [slow, waiting] = [await Client.open(place.address), await Client.open(place.address)]
  slow.stall()
  slow.send(resume)
  await until('the replay', async () => (await place.metric('relay_replays_under_way')) === 1)
  waiting.send(resume)
  await see(seen, place, 'replay_busy', waiting)
  slow.read()
  await see(seen, place, 'replay_timeout', slow)
}

async function block(place: Place, ...clients: readonly Client[]): Promise<void> {
  for (const client of clients) client.stall()
  for (let number = 0; number < blocking; number += 1) await place.produce([large(number)])
}
