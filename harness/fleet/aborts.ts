/** Handshakes that are broken off: somebody comes, says hello and is gone. */
import type { Journal } from '../history/journal.ts'
import { abortHandshake } from './connection.ts'
import { helloOf, type Joiner } from './hello.ts'

/** Begins so many connections and resets each as soon as its request is written. */
export async function abortHandshakes(
  { journal }: { readonly journal: Journal },
  joiner: Joiner,
  each: number,
): Promise<void> {
  for (let done = 0; done < each; done += 1) {
    await abortHandshake(helloOf(joiner, `aborted/${done}`))
    journal.write(['sent', journal.now(), joiner.number, 'handshake-aborted', 1])
  }
}
