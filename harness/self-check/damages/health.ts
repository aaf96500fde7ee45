/** /health that says what is not so, and warnings that come and go at the wrong time. */
import { edited, type Damage, type Given } from '../damage.ts'
import { editHealth, editKind, withoutKey, type Events } from '../edit.ts'
import { askedOf } from '../places.ts'
import { editSignal, freeze } from '../reported.ts'

const second = 1_000_000

const damage = (
  name: string,
  says: string,
  seenBy: Damage['seenBy'] & {},
  finds: readonly string[],
  change: (given: Given) => Events | undefined,
): Damage => ({ name, says, seenBy, finds, apply: (given) => edited(change(given)) })

export const health: readonly Damage[] = [
  damage(
    'health never notices',
    '/health says healthy all the time, also while the relay is cut off.',
    ['health-recovers'],
    ['not-noticed', 'outage-not-reported', 'never-broken', 'outage-hidden'],
    (given) =>
      askedOf(given, 'health-recovers').some(({ asks }) => asks === 'detection')
        ? editHealth(given.events, (body) => ({ ...body, status: 'healthy' }))
        : undefined,
  ),
  damage(
    'health never recovers',
    '/health stays degraded after an outage.',
    ['health-recovers'],
    ['called-broken', 'remembers-window', 'remembers-forever', 'false-alarm'],
    (given) => {
      const fault = given.history.faults[0]
      if (fault === undefined) return undefined
      return editHealth(given.events, (body, t) =>
        t > fault.begin + second ? { ...body, status: 'degraded' } : body,
      )
    },
  ),
  damage(
    'health cries before anything happens',
    '/health calls the relay degraded while nothing is wrong.',
    ['health-recovers'],
    ['false-alarm'],
    (given) => {
      const fault = given.history.faults[0]
      const steady = given.history.phase('steady')
      if (fault === undefined || steady === undefined) return undefined
      return editHealth(given.events, (body, t) =>
        t > steady.begin && t < fault.begin ? { ...body, status: 'degraded' } : body,
      )
    },
  ),
  damage(
    'a warning stays',
    'A warning is still present long after its problem.',
    ['alert-clears'],
    ['warning-stays'],
    (given) => {
      const trouble = given.history.phase('trouble')
      if (trouble === undefined) return undefined
      return editHealth(given.events, (body, t) =>
        t > trouble.begin + 2 * second ? warned(given, body) : body,
      )
    },
  ),
  damage(
    'a warning does not come',
    '/health has no warning of a problem.',
    ['alert-clears'],
    ['warning-missing'],
    (given) => editHealth(given.events, (body) => withoutKey(body, 'alert')),
  ),
  damage(
    'a warning comes for nothing',
    '/health warns before there is any trouble.',
    ['alert-clears'],
    ['warning-without-trouble'],
    (given) => {
      const trouble = given.history.phase('trouble')
      if (trouble === undefined) return undefined
      return editHealth(given.events, (body, t) =>
        t < trouble.begin - second ? warned(given, body) : body,
      )
    },
  ),
  damage(
    'health stays degraded after trouble',
    'The warning is gone, but /health still says degraded.',
    ['alert-clears'],
    ['still-degraded'],
    (given) => {
      const calm = given.history.phase('calm')
      if (calm === undefined) return undefined
      return editHealth(given.events, (body, t) =>
        t > calm.begin ? { ...body, status: 'degraded' } : body,
      )
    },
  ),
  damage(
    'a lifetime counter falls',
    'The counter of lost records falls to 0 while the relay runs.',
    ['alert-clears'],
    ['lifetime-forgotten'],
    (given) => {
      const calm = given.history.phase('calm')
      if (calm === undefined) return undefined
      return editSignal(given.events, 'droppedTotal', (value, _, t) => (t > calm.begin ? 0 : value))
    },
  ),
  damage(
    'a lifetime counter stands still',
    'Clients miss records, and the counter of lost records does not rise.',
    ['alert-clears'],
    ['loss-not-counted', 'warning-without-trouble', 'warning-stays'],
    (given) => freeze(given.events, 'droppedTotal', 0),
  ),
  damage(
    'idle is called broken',
    'Nothing is sent for a while, and /health says degraded.',
    ['idle-is-healthy'],
    ['called-broken', 'not-ready'],
    (given) => {
      const silence = given.history.phase('silence')
      if (silence === undefined) return undefined
      return editHealth(given.events, (body, t) =>
        t > silence.begin ? { ...body, status: 'degraded' } : body,
      )
    },
  ),
  damage(
    'an answer of health is late',
    'During expensive records, one poll of /health is answered after 7 s.',
    ['answers-in-time'],
    ['answered-late'],
    (given) => {
      const [asked] = askedOf(given, 'answers-in-time')
      const phase = asked?.phase && given.history.phase(asked.phase)
      const polls = given.history.events('health').filter(([, t]) => {
        return phase && t >= phase.begin && t <= phase.end
      })
      if (polls.length === 0) return undefined
      const late = given.dice.pick(polls)
      return editKind(given.events, 'health', (event) => {
        const [kind, t, , status, body] = event
        return [event === late ? [kind, t, 7 * second, status, body] : event]
      })
    },
  ),
  damage(
    'a counter stands still',
    'Clients are closed, but the counter does not rise.',
    ['counter-rises'],
    ['counter-flat', 'no-counter'],
    (given) => freeze(given.events, 'sendTimeoutTotal', 0),
  ),
  damage(
    'a counter is not exported',
    'Clients are closed, but there is no counter.',
    ['counter-rises'],
    ['no-counter', 'counter-flat'],
    (given) => editSignal(given.events, 'sendTimeoutTotal', () => null),
  ),
]

/** The same with the warning of the trouble that is asked for first, beside what it warns of. */
function warned(given: Given, body: Record<string, unknown>): Record<string, unknown> {
  const [{ alert = 'trouble' } = {}] = askedOf(given, 'alert-clears')
  const before = typeof body['alert'] === 'string' ? `${body['alert']} ` : ''
  return before.includes(alert) ? body : { ...body, alert: `${before}WARNING: ${alert}` }
}
