/**
 * A page of another site is refused, under any name for itself and the relay, before a
 * WebSocket opens: it can neither read the stream nor reset the replay buffer.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import { checker } from './checker.ts'
import { conclude, many, type Doubt, type Violation } from './reading/conclude.ts'
import { groupRef } from './options.ts'
import { probesOf, type Probes } from './reading/slots.ts'

const schema = z.strictObject({
  /** Pages of another site. */
  pages: groupRef,
  /** Clients that are accepted, over the same link and with as many free slots. */
  honest: groupRef,
})

/** Refused for their site, and not because no slot was free or something failed. */
const isForThat = (status: number) => status >= 400 && status < 500 && status !== 429

export const foreignPagesRefused = checker({
  says: 'A page of another site opens no WebSocket: it cannot read or reset anything.',
  options: schema,
  judge(history, { pages, honest }) {
    const whole = { begin: 0, end: history.end }
    const tried = probesOf(history, pages, whole)
    const others = probesOf(history, honest, whole)
    const kept = tried.refused.filter(([, status]) => isForThat(status))
    return conclude({
      violations: letIn(history, pages, tried),
      doubts: [
        kept.length === 0 ? notTried(tried) : undefined,
        kept.length < tried.refused.length ? otherwise(tried) : undefined,
        others.opened === 0 ? noOtherClient(others) : undefined,
      ],
      holds: {
        rule: 'foreign-pages-refused',
        says: sayKept(kept.map(([, status]) => status), others),
      },
      exercised: kept.length,
      counted: 'refused pages',
      evidence: {
        refused: kept.map(([, status]) => status).join(', '),
        letIn: tried.opened,
        othersLetIn: others.opened,
      },
    })
  },
})

function sayKept(statuses: readonly number[], others: Probes): string {
  const told = [...new Set(statuses)].join(', ')
  return (
    `${statuses.length} of ${statuses.length} pages of another site were refused (status ` +
    `${told}); ${many(others.opened, 'other client was', 'other clients were')} accepted.`
  )
}

function letIn(history: History, pages: string, { opened, refused }: Probes): Violation[] {
  const clients = history.events('opened').filter(({ group }) => group === pages)
  const [first] = clients
  if (first === undefined) return []
  const numbers = new Set(clients.map(({ client }) => client))
  const did = history.events('control').find(([, , client, { type }]) => {
    return numbers.has(client) && type === 'cursor_reset_complete'
  })
  const also = did === undefined ? '' : `, and client ${did[2]} reset the replay buffer`
  const says = `${opened} of ${opened + refused.length} pages of another site were accepted${also}.`
  return [{ rule: 'page-let-in', says, at: first.t }]
}

function notTried({ refused }: Probes): Doubt {
  const rule = 'not-refused-for-that'
  if (refused.length === 0) {
    const fix = 'see in the report why they did not try'
    return { rule, says: 'No page of another site tried to connect.', fix }
  }
  const told = refused.map(([, status]) => status || 'no answer').join(', ')
  const fix = 'see what refused them: the limit on clients of one address, or a failing relay'
  return { rule, says: `Pages of another site were refused, but not for their site: ${told}.`, fix }
}

const otherwise = ({ refused }: Probes): Doubt => ({
  rule: 'refused-otherwise',
  says:
    'Not all pages of another site were refused for their site: ' +
    `${refused.map(([, status]) => status || 'no answer').join(', ')}.`,
  fix: 'check that the relay was healthy, and raise its limit on clients of one address',
})

const noOtherClient = ({ refused }: Probes): Doubt => ({
  rule: 'no-client-accepted',
  says: `No other client was accepted either (of ${refused.length}): this proves nothing.`,
  fix: 'see why the relay accepts no client; a target that requires a token must get it',
})
