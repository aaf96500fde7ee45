/**
 * A proxy between a relay and a real broker that reports some partitions as leaderless, which a
 * cluster of one broker cannot do. Everything else passes unchanged.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { splitAddress } from '../../relay/tables/addresses.ts'
import type { Address } from '../stack/ways.ts'

export interface Between {
  readonly address: Address
  /** Partitions that have no leader from now on, in all answers. */
  readonly leaderless: Set<number>
  close(): void
}

const metadataKey = 3
/** The version of the question that the relay asks, whose answer is understood here. */
const metadataVersion = 10
const leaderNotAvailable = 5

/** Listens on a free port, which the broker's own address is replaced by. */
export async function standBetween(upstream: Address): Promise<Between> {
  const leaderless = new Set<number>()
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const broker = connect(splitAddress(upstream))
    const asked = new Set<number>()
    join(client, broker, (frame) => {
      const isMetadata = frame.readInt16BE(4) === metadataKey
      if (isMetadata && frame.readInt16BE(6) === metadataVersion) asked.add(frame.readInt32BE(8))
    })
    join(broker, client, (frame) => {
      if (asked.delete(frame.readInt32BE(4))) rewrite(frame, portOf(), leaderless)
    })
    for (const socket of [client, broker]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => [client, broker].forEach((one) => one.destroy()))
    }
  })
  const portOf = () => (server.address() as AddressInfo).port
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${portOf()}`,
    leaderless,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Passes on whole frames; `see` may change each. */
function join(from: Socket, to: Socket, see: (frame: Buffer) => void): void {
  let rest = Buffer.alloc(0)
  from.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const frame = rest.subarray(0, 4 + rest.readInt32BE(0))
      rest = rest.subarray(frame.length)
      see(frame)
      to.write(frame)
    }
  })
}

/** The fields of an answer about topics, in their order; numbers are overwritten in place. */
function rewrite(frame: Buffer, port: number, leaderless: ReadonlySet<number>): void {
  let at = 4 + 4 + 1 + 4
  const varint = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = frame[at++]!
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  /** Lengths are one more than they are; 0 is null. */
  const length = () => Math.max(varint() - 1, 0)
  const each = (read: () => void) => {
    for (let left = length(); left > 0; left -= 1) read()
  }
  const skip = (bytes: number) => (at += bytes)
  each(() => {
    skip(4)
    skip(length())
    at = frame.writeInt32BE(port, at)
    skip(length())
    skip(1)
  })
  skip(length())
  skip(4)
  each(() => {
    skip(2)
    skip(length())
    skip(16 + 1)
    each(() => {
      if (leaderless.has(frame.readInt32BE(at + 2))) {
        frame.writeInt16BE(leaderNotAvailable, at)
        frame.writeInt32BE(-1, at + 6)
      }
      skip(2 + 4 + 4 + 4)
      for (const _ of ['replicas', 'in sync', 'offline']) skip(4 * length())
      skip(1)
    })
    skip(4 + 1)
  })
}
