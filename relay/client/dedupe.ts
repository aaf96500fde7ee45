/**
 * Which messages were processed already. Producers that lost an acknowledgement write a message
 * twice, and relays may send a record live and again in a replay; both must be detected before
 * anything changes, because most changes are not idempotent.
 */
import { CappedMap } from './capped-map.ts'

/** The outcome of a message when it was first seen. */
export type Fate = 'taken' | 'refused'

/** A bounded memory of message keys. */
export interface Dedupe {
  fateOf(key: string): Fate | undefined
  note(key: string, fate: Fate): void
  clear(): void
  readonly size: number
}

/** Remembers the last `messageIdsMax` keys; older ones are detected by offsets and sequences. */
export function createDedupe(messageIdsMax: number): Dedupe {
  const fates = new CappedMap<string, Fate>(messageIdsMax)
  return {
    fateOf: (key) => fates.get(key),
    note: (key, fate) => fates.set(key, fate),
    clear: () => fates.clear(),
    get size() {
      return fates.size
    },
  }
}
