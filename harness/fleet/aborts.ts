/**
 * Aborted handshakes: a client connects, sends its request and is gone. Relays take the slot at
 * different moments, so handshakes are aborted at each.
 */
import { sleep, type Clock } from '../../relay/world/clock.ts'
import type { Journal } from '../history/journal.ts'
import { abortHandshake, abortStages } from '../wire/connection.ts'
import { helloOf, type Joiner } from './hello.ts'

/** Between two of them, so that few are under way at a time and none meets a limit. */
const pauseMs = 20
const answerLimitMs = 2_000

/**
 * Begins `each` connections, one after the other, and resets each: after half of its request,
 * after all of it, after its answer, in turn. Each is recorded with how far it came.
 */
export async function abortHandshakes(
  { clock, journal }: { readonly clock: Clock; readonly journal: Journal },
  joiner: Joiner,
  each: number,
): Promise<void> {
  for (let done = 0; done < each; done += 1) {
    const stage = abortStages[done % abortStages.length] ?? 'request'
    const hello = helloOf(joiner, `aborted/${done}`)
    const reached = await abortHandshake(clock, hello, stage, answerLimitMs)
    const how = reached ?? 'unreached'
    journal.write(['sent', journal.now(), joiner.number, `handshake-aborted:${how}`, 1])
    await sleep(clock, pauseMs)
  }
}
