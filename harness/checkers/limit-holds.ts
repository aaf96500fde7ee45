/** A limit on clients of one address holds for all that come from it, whatever they say. */
import { z } from 'zod'
import type { Checker } from './checker.ts'
import { conclude, type Violation } from './conclude.ts'
import { count, name, type GroupName } from './options.ts'
import { probesOf } from './slots.ts'

export interface LimitHoldsOptions<G extends string = string> {
  /** More clients than there are slots left. */
  readonly group: GroupName<G>
  /** So many of them may be let in, because the others of their address are there as well. */
  readonly letInMax: number
}

export const limitHolds: Checker<LimitHoldsOptions> = {
  says: 'No more clients of one address are let in than may be.',
  options: z.strictObject({ group: name, letInMax: count }),
  judge(history, { group, letInMax }) {
    const { opened, refused } = probesOf(history, group, { begin: 0, end: history.end })
    const tried = opened + refused.length
    const says = `${letInMax} of ${tried} clients of one address were to be let in; ${opened} were.`
    const evaded: Violation = { rule: 'limit-evaded', says, at: history.end }
    return conclude({
      violations: opened > letInMax ? [evaded] : [],
      doubts: [
        tried <= letInMax
          ? { rule: 'too-little', says: `Only ${tried} clients tried: there was room for them.` }
          : undefined,
      ],
      holds: { rule: 'limit-holds', says: `${refused.length} of ${tried} clients were refused.` },
      exercised: tried,
      evidence: { tried, opened, refused: refused.length },
    })
  },
}
