/**
 * A broker of the tests: one topic of one partition, whose log is bytes that a test wrote. It
 * speaks just enough of Kafka's protocol, in its oldest words, for a group of one member.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { sleep, systemClock as clock } from '../world/clock.ts'

/** A piece of the log, and the last offset that it stands for. */
export interface Piece {
  readonly last: bigint
  readonly bytes: Buffer
}
export interface Aborted {
  readonly producerId: bigint
  readonly firstOffset: bigint
}
export interface Log {
  readonly pieces: readonly Piece[]
  /** A request to which there is never an answer, but the end of the connection. */
  readonly hangsUpOn?: number
  readonly aborted?: readonly Aborted[]
  /** Default: behind the last piece. */
  readonly end?: bigint
  /** Where the first transaction that is open begins; default: the end. */
  readonly stable?: bigint
  /** Pieces that an answer has at most. */
  readonly perFetch?: number
  /** Offsets of fetches, as they come. */
  readonly asked?: bigint[]
}

export const topic = 'records'
/** How long a fetch waits for which there is nothing. */
const idleMs = 20
export const apis = {
  fetch: 1, offsets: 2, metadata: 3, commit: 8, committed: 9, coordinator: 10, join: 11,
  heartbeat: 12, leave: 13, sync: 14, versions: 18,
} as const
/** The one version of each that is spoken. */
const spoken: Readonly<Record<number, number>> = {
  [apis.fetch]: 4, [apis.offsets]: 2, [apis.metadata]: 1, [apis.commit]: 2, [apis.committed]: 1,
  [apis.coordinator]: 0, [apis.join]: 0, [apis.heartbeat]: 0, [apis.leave]: 0,
  [apis.sync]: 0, [apis.versions]: 0,
}

export class StandIn {
  readonly topic = topic
  readonly committed: bigint[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #log: Log
  #port = 0

  constructor(log: Log) {
    this.#log = log
    this.#server = createServer((socket) => this.#open(socket))
  }

  async start(): Promise<string> {
    await new Promise<void>((started) => this.#server.listen(0, '127.0.0.1', started))
    this.#port = (this.#server.address() as { port: number }).port
    return `127.0.0.1:${this.#port}`
  }

  /** Closes each connection, as a broker does whose limit of idle time has passed. */
  hangUp(): number {
    const open = [...this.#sockets]
    for (const one of open) one.end()
    return open.length
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    for (const one of this.#sockets) one.destroy()
    await new Promise((stopped) => this.#server.close(stopped))
  }

  #open(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined)
    let rest = Buffer.alloc(0)
    socket.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes])
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const end = 4 + rest.readInt32BE(0)
        void this.#answer(socket, new Reader(rest.subarray(4, end)))
        rest = rest.subarray(end)
      }
    })
  }

  async #answer(socket: Socket, from: Reader): Promise<void> {
    const [api, version] = [from.int16(), from.int16()]
    const id = from.int32()
    if (api === this.#log.hangsUpOn) return void socket.end()
    from.text()
    const body = await this.#bodyFor(api, version, from)
    const answer = Buffer.concat([int32(id), body])
    socket.write(Buffer.concat([int32(answer.length), answer]))
  }

  async #bodyFor(api: number, version: number, from: Reader): Promise<Buffer> {
    const own = Buffer.concat([int32(0), text('127.0.0.1'), int32(this.#port)])
    if (api === apis.versions) return versions(version)
    if (api === apis.coordinator) return Buffer.concat([int16(0), own])
    if (api === apis.join) return joined(from)
    if (api === apis.sync) return synced(from)
    if (api === apis.commit) return this.#commit(from)
    if (api === apis.committed) return list(topicOf(noCommit))
    if (api === apis.offsets) return this.#offsets(from)
    if (api === apis.fetch) return this.#fetch(from)
    if (api !== apis.metadata) return int16(0)
    const partition = [int16(0), int32(0), int32(0), list(int32(0)), list(int32(0))]
    const named = [int16(0), text(topic), Buffer.of(0), list(Buffer.concat(partition))]
    const brokers = list(Buffer.concat([own, text('')]))
    return Buffer.concat([brokers, int32(0), list(Buffer.concat(named))])
  }

  get #end(): bigint {
    return this.#log.end ?? (this.#log.pieces.at(-1)?.last ?? -1n) + 1n
  }

  #offsets(from: Reader): Buffer {
    from.int32()
    const isCommitted = from.skip(1)[0] === 1
    from.skip(4)
    from.text()
    from.skip(8)
    const isEarliest = from.int64() === -2n
    const latest = isCommitted ? (this.#log.stable ?? this.#end) : this.#end
    const offset = isEarliest ? 0n : latest
    const reported = topicOf(Buffer.concat([int16(0), int64(-1n), int64(offset)]))
    return Buffer.concat([int32(0), list(reported)])
  }

  #commit(from: Reader): Buffer {
    from.text()
    from.skip(4)
    from.text()
    from.skip(12)
    from.text()
    from.skip(8)
    this.committed.push(from.int64())
    return list(topicOf(int16(0)))
  }

  async #fetch(from: Reader): Promise<Buffer> {
    from.skip(17 + 4)
    from.text()
    from.skip(8)
    const offset = from.int64()
    this.#log.asked?.push(offset)
    const stable = this.#log.stable ?? this.#end
    const pieces = this.#log.pieces.filter(({ last }) => last >= offset && last < stable)
    if (pieces.length === 0) await sleep(clock, idleMs)
    const some = pieces.slice(0, this.#log.perFetch)
    const set = Buffer.concat(some.map(({ bytes }) => bytes))
    const aborted = (this.#log.aborted ?? []).map(({ producerId, firstOffset }) =>
      Buffer.concat([int64(producerId), int64(firstOffset)]),
    )
    const header = [int16(0), int64(this.#end), int64(stable), list(...aborted)]
    const reported = topicOf(Buffer.concat([...header, int32(set.length), set]))
    return Buffer.concat([int32(0), list(reported)])
  }
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }
  skip(count: number): Buffer {
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }
  int16 = (): number => this.skip(2).readInt16BE()
  int32 = (): number => this.skip(4).readInt32BE()
  int64 = (): bigint => this.skip(8).readBigInt64BE()
  text = (): string => this.skip(Math.max(0, this.int16())).toString()
  bytes = (): Buffer => this.skip(Math.max(0, this.int32()))
}

const bytesOf = (count: number, write: (into: Buffer) => void): Buffer => {
  const bytes = Buffer.alloc(count)
  write(bytes)
  return bytes
}
const int16 = (value: number) => bytesOf(2, (into) => into.writeInt16BE(value))
const int32 = (value: number) => bytesOf(4, (into) => into.writeInt32BE(value))
const int64 = (value: bigint) => bytesOf(8, (into) => into.writeBigInt64BE(value))
const text = (value: string) => Buffer.concat([int16(value.length), Buffer.from(value)])
const sized = (bytes: Buffer) => Buffer.concat([int32(bytes.length), bytes])
const list = (...all: readonly Buffer[]) => Buffer.concat([int32(all.length), ...all])
const topicOf = (partition: Buffer) =>
  Buffer.concat([text(topic), list(Buffer.concat([int32(0), partition]))])

/** An answer to a fetch of the topic: one set of each partition, from 0 on. */
export function answerOf(sets: readonly Buffer[]): Buffer {
  const end = int64(1_000n)
  const partitions = sets.map((set, partition) =>
    Buffer.concat([int32(partition), int16(0), end, end, list(), sized(set)]),
  )
  return Buffer.concat([int32(0), list(Buffer.concat([text(topic), list(...partitions)]))])
}

const noCommit = Buffer.concat([int64(-1n), text(''), int16(0)])

function versions(version: number): Buffer {
  const rows = Object.entries(spoken).map(([api, one]) =>
    Buffer.concat([int16(Number(api)), int16(one), int16(one)]),
  )
  return Buffer.concat([int16(0), list(...rows), version === 0 ? Buffer.alloc(0) : int32(0)])
}

/** The only member leads, and gets itself as the member list. */
function joined(from: Reader): Buffer {
  from.text()
  from.skip(4)
  from.text()
  from.text()
  from.skip(4)
  const [protocol, metadata] = [from.text(), from.bytes()]
  const member = Buffer.concat([text('one'), sized(metadata)])
  const reported = [int16(0), int32(1), text(protocol), text('one'), text('one'), list(member)]
  return Buffer.concat(reported)
}

function synced(from: Reader): Buffer {
  from.text()
  from.skip(4)
  from.text()
  from.skip(4)
  from.text()
  return Buffer.concat([int16(0), sized(from.bytes())])
}
