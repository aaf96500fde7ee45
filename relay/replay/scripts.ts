/**
 * What is asked of a stream in one round trip, in Redis's own language, because only there can a
 * page be bounded in bytes before it is sent.
 */
import type { RedisCommand, RedisReply } from '../adapters/redis.ts'
import { type Block, decodeBlock, idFrom, offsetOf } from './blocks.ts'

/** Reads a few entries at a time until one of the bounds is reached; tells if there are more. */
const pageScript = `
local entries, records, bytes, from = {}, 0, 0, ARGV[1]
while true do
  local some = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 4)
  for _, entry in ipairs(some) do
    entries[#entries + 1] = entry
    records = records + #entry[2] / 2 - 1
    for _, field in ipairs(entry[2]) do bytes = bytes + #field end
  end
  if #some < 4 then return {0, entries} end
  if records >= tonumber(ARGV[2]) or bytes >= tonumber(ARGV[3]) then return {1, entries} end
  from = '(' .. some[4][1]
end`

const boundsScript = `
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
if not first then return false end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
return {first[2][2], last[1]}`

/** First and last offset that a stream answers for. */
export interface Bounds {
  readonly oldest: bigint
  readonly newest: bigint
}

export const boundsCommand = (stream: string): RedisCommand => ['EVAL', boundsScript, 1, stream]

/** Undefined when the stream is empty or not there. */
export function readBounds(reply: RedisReply): Bounds | undefined {
  if (!Array.isArray(reply)) return undefined
  const [from, id] = reply as readonly RedisReply[]
  if (!Buffer.isBuffer(from) || !Buffer.isBuffer(id)) return undefined
  return { oldest: offsetOf(from), newest: offsetOf(id) }
}

/** Blocks that end at `from` or later; reading stops soon after one of the bounds. */
export const pageCommand = (
  stream: string,
  from: bigint,
  recordsMax: number,
  bytesMax: number,
): RedisCommand => ['EVAL', pageScript, 1, stream, idFrom(from), recordsMax, bytesMax]

/** @throws the error of Redis, or TypeError for a stream that something else writes to */
export function readPage(
  partition: number,
  reply: RedisReply | undefined,
): { readonly blocks: readonly Block[]; readonly hasMore: boolean } {
  if (reply instanceof Error) throw reply
  const [more, entries] = (reply ?? []) as readonly RedisReply[]
  if (!Array.isArray(entries)) throw new TypeError('Redis answered a page with something else')
  const blocks = entries.map((entry) => decodeBlock(partition, entry))
  return { blocks, hasMore: more === 1 }
}
