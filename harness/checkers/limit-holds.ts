/** The limit on clients of one address holds, also for clients that claim another address. */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import { checker } from './checker.ts'
import { conclude, type Doubt, type Violation } from './reading/conclude.ts'
import { groupRef } from './options.ts'
import { noLimit, otherRefusals, probesOf, type Probes } from './reading/slots.ts'

const schema = z.strictObject({
  /** Clients that claim no address, more than the limit admits: they show the limit. */
  honest: groupRef,
  /** As many that claim another address, with as many free slots. */
  pretending: groupRef,
})

export const limitHolds = checker({
  says: 'The limit on clients of one address holds, also for clients that claim another address.',
  options: schema,
  judge(history, { honest, pretending }) {
    const window = { begin: 0, end: history.end }
    // They may connect again later, when others hold slots.
    const firstEnd = history.phases.find(({ begin, end }) =>
      probesOf(history, honest, { begin, end }).opened > 0,
    )?.end
    const shown = probesOf(history, honest, { begin: 0, end: firstEnd ?? history.end })
    const tried = probesOf(history, pretending, window)
    const all = tried.opened + tried.refused.length
    const since = { begin: lastTry(history, pretending), end: history.end }
    const again = probesOf(history, honest, since)
    return conclude({
      violations: [...differing({ shown, tried, again }, history.end), ...otherRefusals(tried)],
      doubts: [
        shown.limited === 0 ? noLimit(shown) : undefined,
        all <= shown.opened ? tooFew(all, shown.opened) : undefined,
        isRoomLost({ shown, tried, again }) ? roomLost(shown, again) : undefined,
      ],
      holds: {
        rule: 'limit-holds',
        says:
          `${letIn(tried)} clients that claimed another address were accepted, and ` +
          `${letIn(shown)} that claimed none.`,
      },
      exercised: all,
      counted: 'clients',
      evidence: {
        tried: all,
        opened: tried.opened,
        refused: tried.refused.length,
        openedWithoutClaim: shown.opened,
        refusedWithoutClaim: shown.refused.length,
      },
    })
  },
})

/** Such as "3 of 5". */
const letIn = ({ opened, refused }: Probes): string => `${opened} of ${opened + refused.length}`

/** Clients without a claim, those with one, and those without one that tried after them. */
interface Tries {
  readonly shown: Probes
  readonly tried: Probes
  readonly again: Probes
}

const lastTry = (history: History, group: string): number => {
  const opened = history.events('opened').findLast(({ group: of }) => of === group)
  const refused = history.events('refused').findLast(({ group: of }) => of === group)
  return Math.max(opened?.t ?? 0, refused?.t ?? 0)
}

/** If as few are accepted without a claim afterwards, the claim is not the cause. */
const isRoomLost = ({ shown, tried, again }: Tries): boolean =>
  again.limited > 0 && tried.opened < shown.opened && again.opened <= tried.opened

/** Both had as many free slots, so any difference is caused by the claim. */
function differing(tries: Tries, end: number): Violation[] {
  const { shown, tried } = tries
  if (shown.limited === 0 || isRoomLost(tries)) return []
  const at = tried.refused[0]?.[0] ?? end
  if (tried.opened > shown.opened) {
    const says =
      `${letIn(shown)} clients of one address were accepted, but ${letIn(tried)} that claimed ` +
      'another address.'
    return [{ rule: 'limit-evaded', says, at: end }]
  }
  // Clients refused for another reason are reported as that.
  if (tried.opened + tried.refused.length - tried.limited >= shown.opened) return []
  if (tried.opened + tried.limited <= shown.opened) return []
  const says =
    `${letIn(shown)} clients of one address were accepted, but only ${letIn(tried)} that ` +
    'claimed another address.'
  return [{ rule: 'room-refused', says, at }]
}

const roomLost = (shown: Probes, again: Probes): Doubt => ({
  rule: 'room-lost',
  says:
    `${letIn(shown)} clients that claimed no other address were accepted at first, and ` +
    `${letIn(again)} later: slots are leaked.`,
  fix: 'see the finding about slots of clients that are gone, and fix that first',
})

const tooFew = (all: number, room: number): Doubt => ({
  rule: 'too-little',
  says: `${all} clients that claimed another address tried to connect to ${room} free slots.`,
  fix: 'run again; see why not all clients of the scenario connected',
})
