/** A flaw: consecutive records of one partition that went wrong in the same way at one client. */
import type { Micros } from '../../history/event.ts'
import { anomalyKinds, type Anomaly, type AnomalyKind } from '../checker.ts'

export interface Flaw {
  readonly kind: AnomalyKind
  /** -1: not about one client. */
  readonly client: number
  readonly group: string
  /** -1: not about one partition. */
  readonly partition: number
  /** -1: not about certain records. */
  readonly first: number
  readonly last: number
  /** How many records; fewer than `last - first + 1` if some between were not owed. */
  readonly count: number
  /** When it was first visible. */
  readonly at: Micros
  /** What the witness additionally shows. */
  readonly shows?: Readonly<Record<string, unknown>>
}

/**
 * Gravest first: the first kind present is the rule that a judgement fails by. What is missing
 * because the consumer stalled or a client was closed comes after that cause.
 */
export const gravity: readonly AnomalyKind[] = [
  'malformed-took-neighbour',
  'malformed-leaked',
  'garbled',
  'unexpected',
  'valid-dead-lettered',
  'stalled',
  'closed-without-cause',
  'lost',
  'gap-hidden',
  'seam-skip',
  'skip',
  'gap-false',
  'gap-inexact',
  'gap-needless',
  'stale-trusted',
  'replay-beyond-request',
  'seam-duplicate',
  'duplicate',
  'nonmonotonic',
  'unseen',
]

/** One anomaly a kind, with the smallest flaw of that kind as its witness. */
export function anomaliesOf(flaws: readonly Flaw[]): Anomaly[] {
  return gravity.flatMap((kind) => {
    const same = flaws.filter((flaw) => flaw.kind === kind)
    const smallest = same.reduce<Flaw | undefined>(
      (best, flaw) => (best === undefined || flaw.count < best.count ? flaw : best),
      undefined,
    )
    if (smallest === undefined) return []
    const count = same.reduce((sum, flaw) => sum + flaw.count, 0)
    return [{ kind, says: anomalyKinds[kind], count, witness: [witnessOf(smallest)] }]
  })
}

function witnessOf({ client, group, partition, first, last, count, at, shows }: Flaw) {
  const who = client < 0 ? {} : { client, group }
  const what = first < 0 ? {} : { firstOffset: first, lastOffset: last }
  return { ...who, ...(partition >= 0 && { partition }), ...what, count, at, ...shows }
}
