/**
 * Operations on a stream in one round trip, as Lua scripts: only in Redis itself can a batch be
 * refused by its epoch and trimmed to its bounds atomically, and a page be bounded before it is
 * sent. The scripts are loaded when a connection opens; later only their hashes are sent.
 */
import { createHash } from 'node:crypto'
import type { RedisCommand, RedisReply, RoundTrip } from '../adapters/redis.ts'
import type { Retained } from './seam.ts'
import { type Block, decodeBlock, encodeBlock, idFrom, type Keys, offsetOf } from './blocks.ts'
import type { EpochOffer } from './epoch.ts'
import type { PageLimits } from './pages.ts'

export interface Script {
  readonly text: string
  readonly sha: string
}
const script = (text: string): Script => ({
  text,
  sha: createHash('sha1').update(text).digest('hex'),
})

const loadCommands = (...scripts: readonly Script[]): RedisCommand[] =>
  scripts.map(({ text }) => ['SCRIPT', 'LOAD', text])

/** Reads the sizes, and drops whole blocks from the front until the rest is within all bounds. */
const accounting = `
local place = '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) %d+$'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function written(sizes)
  local tail = redis.call('LINDEX', sizes, -1)
  if not tail then return nil end
  local _, _, bytes, records, bytesBefore, recordsBefore = string.match(tail, place)
  return bytesBefore + bytes, recordsBefore + records
end
local function trim(stream, sizes, ttl, recordsMax, bytesMax)
  local bytesAll, recordsAll = written(sizes)
  if not bytesAll then return end
  local dropped
  while true do
    local head = redis.call('LINDEX', sizes, 0)
    if not head then
      redis.call('UNLINK', stream)
      return
    end
    local last, at, _, _, bytesGone, recordsGone = string.match(head, place)
    local isKept = now - at < ttl and bytesAll - bytesGone <= bytesMax
    if isKept and recordsAll - recordsGone <= recordsMax then break end
    dropped = last
    redis.call('LPOP', sizes)
  end
  if dropped then redis.call('XTRIM', stream, 'MINID', '=', dropped .. '-2') end
end`

/**
 * Stores blocks of one partition, unless the epoch is another relay's. A stream that should exist
 * and does not was evicted: then a new epoch begins. The first change in the script is one that
 * Redis refuses when it is out of memory; after another first change Redis would allow the rest.
 */
const write = script(`${accounting}
local epoch, partitions, stream, sizes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local expected, ifAbsent, following, isKnown = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local ttl, recordsMax, bytesMax = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local held = redis.call('GET', epoch) or ifAbsent
if held ~= expected and held ~= following then return {held, 0, false} end
local isWhole = redis.call('EXISTS', stream, sizes) == 2
local isListed = redis.call('SADD', partitions, ARGV[8]) == 0
local rest = isWhole and 0 or redis.call('UNLINK', stream, sizes)
if (isKnown and not (isWhole and isListed)) or rest > 0 then held = following end
redis.call('SET', epoch, held, 'PX', ttl)
redis.call('PEXPIRE', partitions, ttl)
local bytesAll, recordsAll = written(sizes)
if not bytesAll then bytesAll, recordsAll = 0, 0 end
local done, failure = 0, false
for at = 9, #ARGV, 6 do
  local bytes, last, from, count = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local added = redis.pcall('XADD', stream, last .. '-1', 'from', from, 'count', count,
    'index', ARGV[at + 4], 'values', ARGV[at + 5])
  if type(added) == 'table' and added.err then
    if not string.find(added.err, 'equal or smaller', 1, true) then
      failure = added.err
      break
    end
  else
    redis.call('RPUSH', sizes, string.format('%s %.0f %.0f %s %.0f %.0f %s',
      last, now, bytes, count, bytesAll, recordsAll, from))
    bytesAll, recordsAll = bytesAll + bytes, recordsAll + tonumber(count)
  end
  done = done + 1
end
trim(stream, sizes, ttl, recordsMax, bytesMax)
redis.call('PEXPIRE', stream, ttl)
redis.call('PEXPIRE', sizes, ttl)
return {held, done, failure}`)

const tidy = script(`${accounting}
trim(KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]))
return 0`)

/**
 * Removes all streams and begins an epoch, atomically. In a cluster a script may touch only keys
 * that were named in the command: if there are other streams, nothing is done and their partitions
 * are the answer.
 */
const clear = script(`
local epoch, partitions = KEYS[1], KEYS[2]
local named, others = {}, {}
for at = 3, #ARGV do named[ARGV[at]] = true end
for _, one in ipairs(redis.call('SMEMBERS', partitions)) do
  local isPartition = one == '0' or #one <= 10 and string.find(one, '^[1-9]%d*$')
  if isPartition and not named[one] then others[#others + 1] = one end
end
if #others > 0 then return {0, others} end
local gone = redis.call('UNLINK', partitions)
for at = 3, #KEYS do gone = gone + redis.call('UNLINK', KEYS[at]) end
redis.call('SET', epoch, ARGV[1], 'PX', ARGV[2])
return {gone, others}`)

/** Reads block by block until one of the bounds is reached; returns whether there are more. */
const page = script(`
local entries, records, bytes, from = {}, 0, 0, ARGV[1]
while true do
  local entry = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 1)[1]
  if not entry then return {0, entries} end
  local size = 0
  for _, field in ipairs(entry[2]) do size = size + #field end
  if #entries == 0 and size > tonumber(ARGV[4]) then return {2, size} end
  if #entries > 0 and bytes + size > tonumber(ARGV[3]) then return {1, entries} end
  entries[#entries + 1] = entry
  bytes = bytes + size
  records = records + (tonumber(entry[2][4]) or 0)
  if records >= tonumber(ARGV[2]) then return {1, entries} end
  from = '(' .. entry[1]
end`)

/** Reads the sizes only: an entry of the stream would include its values. */
const bounds = script(`
local found = {}
for at = 1, #KEYS, 2 do
  local stream, sizes, bound = KEYS[at], KEYS[at + 1], false
  if redis.call('EXISTS', stream, sizes) == 2 then
    local head, tail = redis.call('LINDEX', sizes, 0), redis.call('LINDEX', sizes, -1)
    bound = {string.match(head, '%d+$'), string.match(tail, '^%d+')}
  end
  found[#found + 1] = bound
end
return found`)

/** Streams per command, so that one command does not block Redis for other clients. */
const streamsPerCommand = 256

/** The first commands on a connection that writes, or that reads. */
export const writerScripts = loadCommands(write, tidy, clear, bounds)
export const readerScripts = loadCommands(page, bounds)

const isForgotten = (reply: RedisReply | undefined) =>
  reply instanceof Error && reply.message.startsWith('NOSCRIPT')

/** Whether Redis has lost one of the scripts. */
export const hasForgotten = (replies: readonly RedisReply[]): boolean => replies.some(isForgotten)

/**
 * Loads the scripts again, and repeats the commands that were refused without them; all others have
 * their answers. Redis did nothing for a refused command, so nothing is done twice.
 */
export async function askAgain(
  run: RoundTrip,
  scripts: readonly RedisCommand[],
  commands: readonly RedisCommand[],
  replies: readonly RedisReply[],
): Promise<readonly RedisReply[]> {
  const refused = commands.filter((_, at) => isForgotten(replies[at]))
  const answers = (await run([...scripts, ...refused])).slice(scripts.length)
  let next = 0
  return replies.map((reply) => (isForgotten(reply) ? answers[next++]! : reply))
}

/** Bounds of a partition. */
export interface StreamBounds {
  readonly ttlMs: number
  readonly recordsMax: number
  readonly bytesMax: number
}
const limitsOf = ({ ttlMs, recordsMax, bytesMax }: StreamBounds) =>
  [ttlMs, recordsMax, bytesMax] as const

export interface Write {
  readonly partition: number
  readonly blocks: readonly (Block & { readonly bytes: number })[]
  readonly offer: EpochOffer
  /** Whether the partition's stream must exist. */
  readonly isKnown: boolean
  readonly bounds: StreamBounds
}

export function writeCommand(keys: Keys, { partition, blocks, offer, ...more }: Write) {
  const command: [name: string, ...args: (string | Buffer | number)[]] = [
    'EVALSHA',
    write.sha,
    4,
    keys.epoch,
    keys.partitions,
    keys.stream(partition),
    keys.sizes(partition),
    offer.expected,
    offer.ifAbsent,
    offer.following,
    more.isKnown ? 1 : 0,
    ...limitsOf(more.bounds),
    partition,
  ]
  for (const block of blocks) command.push(block.bytes, ...encodeBlock(block))
  return command
}

/** The outcome of a write. */
export interface Written {
  /** The epoch that Redis holds now; nothing was written if it is not one of the offered. */
  readonly epoch: string
  /** Blocks that are in Redis now, the first of the batch. */
  readonly done: number
  /** Why the rest is not. */
  readonly failure: string | undefined
}

/** @throws the error of Redis, or TypeError for an unexpected answer */
export function readWritten(reply: RedisReply | undefined): Written {
  if (reply instanceof Error) throw reply
  const [epoch, done, failure] = Array.isArray(reply) ? (reply as RedisReply[]) : []
  if (!Buffer.isBuffer(epoch) || typeof done !== 'number') {
    throw new TypeError('unexpected answer of Redis to a write')
  }
  const why = Buffer.isBuffer(failure) ? failure.toString() : undefined
  return { epoch: epoch.toString(), done, failure: why }
}

export const tidyCommand = (keys: Keys, partition: number, within: StreamBounds): RedisCommand => {
  const names = [keys.stream(partition), keys.sizes(partition)]
  return ['EVALSHA', tidy.sha, 2, ...names, ...limitsOf(within)]
}

/** @param named partitions that may have a stream */
export const clearCommand = (
  keys: Keys,
  epoch: string,
  ttlMs: number,
  named: ReadonlySet<number>,
): RedisCommand => {
  const streams = [...named].flatMap((one) => [keys.stream(one), keys.sizes(one)])
  const names = [keys.epoch, keys.partitions, ...streams]
  return ['EVALSHA', clear.sha, names.length, ...names, epoch, ttlMs, ...named]
}

/** The outcome of a reset: removed keys, or streams that were not named and prevented it. */
export function readCleared(reply: RedisReply | undefined): {
  readonly gone: number
  readonly others: readonly number[]
} {
  const [gone, others] = Array.isArray(reply) ? (reply as RedisReply[]) : []
  if (typeof gone !== 'number') throw new TypeError('unexpected answer of Redis to a reset')
  return { gone, others: partitionsOf(others) }
}

/** The members of the partitions set, ascending. */
export function partitionsOf(reply: RedisReply | undefined): number[] {
  const members = Array.isArray(reply) ? (reply as readonly RedisReply[]) : []
  const numbers = members.map((member) => (Buffer.isBuffer(member) ? Number(String(member)) : -1))
  return numbers.filter((one) => Number.isSafeInteger(one) && one >= 0).toSorted((a, b) => a - b)
}

/** Commands for one round trip, however many partitions there are. */
export function boundsCommands(keys: Keys, partitions: readonly number[]): RedisCommand[] {
  const commands: RedisCommand[] = []
  for (let at = 0; at < partitions.length; at += streamsPerCommand) {
    const some = partitions.slice(at, at + streamsPerCommand)
    const names = some.flatMap((one) => [keys.stream(one), keys.sizes(one)])
    commands.push(['EVALSHA', bounds.sha, names.length, ...names])
  }
  return commands
}

/** Of each stream its first and last offset; undefined when it is empty or missing. */
export const readBounds = (replies: readonly RedisReply[]): (Retained | undefined)[] =>
  replies.flatMap((reply) => (Array.isArray(reply) ? (reply as RedisReply[]).map(readBound) : []))

function readBound(reply: RedisReply): Retained | undefined {
  if (!Array.isArray(reply)) return undefined
  const [from, id] = reply as readonly RedisReply[]
  if (!Buffer.isBuffer(from) || !Buffer.isBuffer(id)) return undefined
  return { oldest: offsetOf(from), newest: offsetOf(id) }
}

/** Blocks that end at `from` or later; reading stops before a block that exceeds a bound. */
export const pageCommand = (stream: string, from: bigint, limits: PageLimits): RedisCommand => {
  const { recordsMax, bytesMax, firstBytesMax } = limits
  const first = Math.min(firstBytesMax, Number.MAX_SAFE_INTEGER)
  return ['EVALSHA', page.sha, 1, stream, idFrom(from), recordsMax, bytesMax, first]
}

/** Blocks; or the bytes that the first of them needs, if it is too large. */
export type FoundPage =
  | { readonly blocks: readonly Block[]; readonly hasMore: boolean }
  | { readonly neededBytes: number }

/** @throws the error of Redis, or TypeError for a stream that another program writes to */
export function readPage(
  partition: number,
  reply: RedisReply | undefined,
): FoundPage {
  if (reply instanceof Error) throw reply
  const [more, entries] = (reply ?? []) as readonly RedisReply[]
  if (more === 2 && typeof entries === 'number') return { neededBytes: entries }
  if (!Array.isArray(entries)) throw new TypeError('unexpected answer of Redis to a page')
  const blocks = entries.map((entry) => decodeBlock(partition, entry))
  return { blocks, hasMore: more === 1 }
}
