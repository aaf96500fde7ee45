/** Mends what killed runs left broken: first their debts, newest first, then their processes. */
import { rmSync } from 'node:fs'
import { createToxicControl } from '../stack/toxiproxy.ts'
import { deleteTopics } from '../stack/topics.ts'
import type { Clock } from '../../relay/world/clock.ts'
import { isRunning } from '../world/processes.ts'
import { messageOf } from './act.ts'
import { leftDebts, type Debt } from './debts.ts'

/** What was mended, and what could not be, as sentences for people. */
export interface Healed {
  readonly mended: readonly string[]
  readonly left: readonly string[]
}

/** Pays every debt in `folder` whose owner is dead. A page whose debts are all paid is removed. */
export async function payLeftDebts(clock: Clock, folder: string): Promise<Healed> {
  const mended: string[] = []
  const left: string[] = []
  for (const { file, debts } of leftDebts(folder)) {
    let isPaid = true
    for (const debt of debts.toReversed()) {
      try {
        await pay(clock, debt)
        mended.push(say(debt))
      } catch (error) {
        isPaid = isGone(error)
        if (!isPaid) left.push(`${say(debt)}: ${messageOf(error)}`)
      }
    }
    if (isPaid) rmSync(file, { force: true })
  }
  return { mended, left }
}
