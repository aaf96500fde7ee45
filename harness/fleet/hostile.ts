/** Clients that say what no honest client says, one frame after the other, and survive it. */
import { sleep, type Clock } from '../../relay/world/clock.ts'
import { hostileFrames } from '../stimuli/hostile-frames.ts'
import type { Client } from './client.ts'

/** How long the relay gets to react before the next frame is sent. */
const reactionMs = 50
const reopenLimitMs = 2_000
/** Clients that speak at a time: the largest frames are a megabyte each. */
const speakersMax = 4

/**
 * Every client sends every hostile frame. One that was closed for it joins again; one that is not
 * let in again stops, and its `refused` event tells.
 */
export async function sendHostileFrames(clock: Clock, clients: readonly Client[]): Promise<void> {
  const waiting = [...clients]
  const speak = async () => {
    for (let client = waiting.pop(); client !== undefined; client = waiting.pop()) {
      await speakAll(clock, client)
    }
  }
  await Promise.all(Array.from({ length: speakersMax }, speak))
}

async function speakAll(clock: Clock, client: Client): Promise<void> {
  for (const frame of hostileFrames) {
    if (!client.isOpen) await client.open(reopenLimitMs)
    if (!client.isOpen) return
    const { opcode, bytes } = frame.build()
    client.send(opcode, bytes, `hostile:${frame.name}`)
    await sleep(clock, reactionMs)
  }
}
