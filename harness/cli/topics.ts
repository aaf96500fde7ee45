/**
 * `chaos topics`: makes topics of a demo, once. One that is there stays as it is. What they keep is
 * bounded in bytes, so that a demo that runs for days does not fill a disk.
 */
import { openTopics } from '../stack/topics.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { exitCodes, UsageError } from '../world/exit-codes.ts'

export interface TopicsOptions {
  readonly kafka: string
}

const partitionsMax = 1_000
/** Of one partition, in segments of which old ones go as a whole. */
const settings = { 'retention.bytes': '67108864', 'segment.bytes': '16777216' } as const

/** @param wanted `name:partitions` of each */
export async function makeTopics(
  given: CommandWorld,
  wanted: readonly string[],
  { kafka }: TopicsOptions,
): Promise<number> {
  const all = wanted.map(topicOf)
  const topics = await openTopics(given.clock, kafka.split(','))
  try {
    for (const { name, partitions } of all) {
      await topics.create(name, partitions, settings)
      given.out.write(`${name} is there\n`)
    }
  } finally {
    await topics.close()
  }
  return exitCodes.pass.code
}

/** @throws UsageError for what is no name with a number of partitions */
export function topicOf(text: string): { readonly name: string; readonly partitions: number } {
  const [, name, count] = /^([\w.-]{1,249}):(\d{1,4})$/.exec(text) ?? []
  const partitions = Number(count)
  if (name !== undefined && partitions > 0 && partitions <= partitionsMax) {
    return { name, partitions }
  }
  throw new UsageError(`a topic is name:partitions, such as events:4, not "${text}"`)
}
