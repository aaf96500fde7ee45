/**
 * A client that aborted its handshake, or was closed for its frames, must hold no slot. As many
 * clients as possible connect before and afterwards: each leaked slot admits one client less.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import type { Window } from '../history/windows.ts'
import { checker } from './checker.ts'
import { cannotTell, conclude, many, type Doubt, type Violation } from './reading/conclude.ts'
import { count, groupRef, phaseRef } from './options.ts'
import { newRefusals, noLimit, probesOf, type Probes } from './reading/slots.ts'

const schema = z.strictObject({
  /** Clients that connect both times, more than there are slots. */
  probe: groupRef,
  /** The phases in which they do. What may leak slots happens between, or before the second. */
  before: phaseRef,
  after: phaseRef,
  /** Fewest aborted handshakes in between; with fewer nothing is tested. */
  abortedMin: count.exactOptional(),
})

export const newClientsAccepted = checker({
  says: 'As many new clients are accepted as before: no client that is gone keeps a slot.',
  restsOn: ['times'],
  options: schema,
  judge(history, { probe, before, after, abortedMin = 0 }) {
    const [first, second] = [history.phase(before), history.phase(after)]
    if (first === undefined) return cannotTell('no-phase', `Phase ${before} did not run.`)
    if (second === undefined) return cannotTell('no-phase', `Phase ${after} did not run.`)
    const room = probesOf(history, probe, first)
    const left = probesOf(history, probe, second)
    const aborted = abortedWithin(history, { begin: first.end, end: second.end })
    return conclude({
      violations: [...leaked(room, left), ...newRefusals(history, left, first.end)],
      doubts: [
        room.opened === 0 ? unknownRoom(room, before) : undefined,
        room.limited === 0 ? noLimit(room) : undefined,
        left.opened + left.limited < room.opened ? tooFew(room, left) : undefined,
        ...tooLittle(aborted, abortedMin),
      ],
      holds: {
        rule: 'let-in',
        says: `${letIn(room)} new clients were accepted before, ${letIn(left)} ${since(aborted)}.`,
      },
      exercised: left.opened,
      counted: 'new clients accepted',
      evidence: {
        letInBefore: room.opened,
        letInAfter: left.opened,
        refusedBefore: room.refused.length,
        refusedAfter: left.refused.length,
        ...aborted,
      },
    })
  },
})

/** Aborted handshakes, by how far they came. */
type Aborted = Readonly<Record<'broken' | 'answered' | 'unreached', number>>

function abortedWithin(history: History, { begin, end }: Window): Aborted {
  const prefix = 'handshake-aborted:'
  const stages = history
    .events('sent')
    .filter(([, t, , what]) => t >= begin && t <= end && what.startsWith(prefix))
    .map(([, , , what]) => what.slice(prefix.length))
  const countOf = (stage: string) => stages.filter((one) => one === stage).length
  const unreached = countOf('unreached')
  return { broken: stages.length - unreached, answered: countOf('answered'), unreached }
}

/** Such as "3 of 5". */
const letIn = ({ opened, refused }: Probes): string => `${opened} of ${opened + refused.length}`

const since = ({ broken }: Aborted): string =>
  broken === 0 ? 'afterwards' : `after ${many(broken, 'aborted handshake')}`

function leaked(room: Probes, left: Probes): Violation[] {
  const missing = room.opened - left.opened
  const [at] = left.refused.find(([, status]) => status === 429) ?? []
  // A client refused for another reason is reported as that, and is no slot.
  const kept = Math.min(missing, left.limited - room.limited)
  if (at === undefined || room.limited === 0 || kept <= 0) return []
  const says =
    `${letIn(room)} new clients were accepted before, ${letIn(left)} afterwards: clients that ` +
    `are gone still hold ${many(kept, 'slot')}.`
  return [{ rule: 'new-client-refused', says, at }]
}

function unknownRoom({ refused }: Probes, before: string): Doubt {
  const why = refused.length === 0 ? 'none tried' : `all ${refused.length} were refused`
  return {
    rule: 'no-room',
    says: `No new client was accepted in ${before}, before any handshake was aborted: ${why}.`,
    fix: 'see what held the slots before, and run again without that',
  }
}

const tooFew = (room: Probes, left: Probes): Doubt => ({
  rule: 'too-few',
  says:
    `${many(room.opened, 'new client')} must try afterwards; ` +
    `${left.opened + left.limited} were accepted or refused by the limit.`,
  fix: 'see why the others got no answer, and run again',
})

function tooLittle({ broken, answered }: Aborted, wanted: number): Doubt[] {
  if (wanted === 0) return []
  const fix = 'run again; check that the target can be reached without a proxy'
  if (broken < wanted) {
    const says = `${wanted} aborted handshakes must reach the target; ${broken} did.`
    return [{ rule: 'too-little', says, fix }]
  }
  if (answered > 0) return []
  const says = `None of ${broken} handshakes was answered: the target may not have noticed them.`
  return [{ rule: 'not-reached', says, fix }]
}
