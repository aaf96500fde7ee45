/**
 * What the fleet's own process takes: a relay that is nothing but a socket and prepared bytes, and
 * a real fleet process. Printed, never asserted: the machine that runs this may be busy.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../../relay/world/clock.ts'
import { isOfKind, type HistoryEvent } from '../history/event.ts'
import { openWorld, type World } from '../world/world.ts'
import { shakeHands, startRawServer } from '../wire/raw-server-testbed.ts'
import { startFleet } from './remote.ts'

const clients = 20
const recordsPerClient = 20_000
const recordBytes = 1_024
const partitions = 4
/** Records in one write, as a relay under load batches them. */
const batch = 40

const folder = mkdtempSync(join(tmpdir(), 'fleet-'))
let world: World
beforeEach(async () => {
  world = await openWorld(systemClock, join(folder, 'state'))
})
afterEach(async () => {
  await world.close()
  rmSync(folder, { recursive: true })
})

/** Cursor and record frames of offsets `from..to` of all partitions, record by record. */
function batchFrames(from: number, to: number): Buffer {
  const parts: Buffer[] = []
  for (let at = from; at < to; at += 1) {
    const partition = at % partitions
    const offset = Math.floor(at / partitions)
    const cursor = Buffer.from(`{"type":"cursor","partition":${partition},"offset":"${offset}"}`)
    const record = Buffer.alloc(recordBytes, at % 251)
    const head = Buffer.from([0x82, 126, recordBytes >> 8, recordBytes & 255])
    parts.push(Buffer.from([0x81, cursor.length]), cursor, head, record)
  }
  return Buffer.concat(parts)
}

async function pour(socket: Socket): Promise<void> {
  for (let at = 0; at < recordsPerClient; at += batch) {
    if (!socket.write(batchFrames(at, at + batch))) {
      await new Promise((resolve) => socket.once('drain', resolve))
    }
  }
}

it('400,000 deliveries are checked and written down in little space', async () => {
  // Nothing flows before all are there: who pours for some keeps the others waiting at the door.
  const sockets: Socket[] = []
  const server = await startRawServer((socket, head) => {
    shakeHands(socket, head)
    sockets.push(socket)
  })
  const journalFile = join(folder, 'fleet.ndjson')
  const fleet = await startFleet(world, {
    journalFile,
    logFile: join(folder, 'fleet.log'),
    originMs: systemClock.nowMs(),
    seed: 'throughput',
  })
  try {
    const cpuBefore = cpuMicros(fleet.pid)
    const spec = { count: clients, reads: 'fast' } as const
    await fleet.connect({ group: 'g', url: server.url, count: clients, spec, deadlineMs: 20_000 })
    let status = await fleet.status()
    expect(status.groups['g']!.open).toBe(clients)
    for (const socket of sockets) void pour(socket)
    while (status.groups['g']!.deliveries < clients * recordsPerClient) {
      await new Promise((resolve) => void systemClock.after(50, () => resolve(undefined)))
      status = await fleet.status()
    }
    const cpuSeconds = (cpuMicros(fleet.pid) - cpuBefore) / 1e6
    const memory = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${fleet.pid}/status`, 'latin1'))
    await fleet.finish()
    const delivered = clients * recordsPerClient
    const bytes = statSync(journalFile).size
    process.stdout.write(
      `fleet: ${Math.round(delivered / cpuSeconds)} deliveries per CPU-second, ` +
        `${(bytes / 1e6).toFixed(1)} MB of history for ${delivered} deliveries, ` +
        `${Math.round(Number(memory?.[1]) / 1_024)} MiB of memory at most\n`,
    )
    expect(countDelivered(journalFile)).toBe(delivered)
    expect(bytes).toBeLessThan(20e6)
  } finally {
    await fleet.kill()
    server.close()
  }
}, 60_000)

function countDelivered(file: string): number {
  let count = 0
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const event = line === '' ? undefined : (JSON.parse(line) as HistoryEvent)
    if (event !== undefined && isOfKind(event, 'delivered')) count += event[5]
  }
  return count
}

/** User and system time of a process so far; Linux counts it in hundredths of a second. */
function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}
