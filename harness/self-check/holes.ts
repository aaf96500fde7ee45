/**
 * Holes: damage that is missed although somebody could tell. Each stands here openly, with why; a
 * line goes as soon as a checker finds it.
 */

interface Hole {
  readonly damage: string
  /** Where it is missed; everywhere if it is not said. */
  readonly scenarios?: readonly string[]
  readonly why: string
}

const open = 'missed in its recording, and the cause is not known yet'

const holes: readonly Hole[] = [
  { damage: 'health never notices', why: 'only own-2 in the outage of Kafka asks for it' },
  {
    damage: 'the relay aborts at its end',
    why: 'the exit status is asked in the scenario of shutdowns only',
  },
  { damage: 'a warning stays', scenarios: ['health-speaks-of-now'], why: open },
  { damage: 'a warning comes for nothing', scenarios: ['health-speaks-of-now'], why: open },
  { damage: 'the rest is called capped', scenarios: ['hostile-frames-harm-nobody'], why: open },
  {
    damage: 'nothing is expected',
    scenarios: ['hostile-frames-harm-nobody', 'replays-end-in-time'],
    why: open,
  },
  { damage: 'the load is not reached', scenarios: ['lag-tells-the-truth'], why: open },
  { damage: 'a replay is empty', scenarios: ['odd-settings-do-no-harm'], why: open },
  {
    damage: 'a replay never ends',
    scenarios: ['odd-settings-do-no-harm', 'restarts-lose-nothing'],
    why: open,
  },
  {
    damage: 'a replay ends too late',
    scenarios: ['odd-settings-do-no-harm', 'restarts-lose-nothing'],
    why: open,
  },
  { damage: 'health never recovers', scenarios: ['redis-is-best-effort'], why: open },
  { damage: 'a reset is not answered', scenarios: ['replay-meets-live'], why: open },
  {
    damage: 'a stalled client is closed too late',
    scenarios: ['send-never-waits-for-ever', 'slots-come-back'],
    why: open,
  },
  { damage: 'the consumer dies', scenarios: ['slots-come-back'], why: open },
]

/** Why a damage is missed in a scenario; undefined where it must be found. */
export const holeOf = (damage: string, scenario: string): string | undefined =>
  holes.find((hole) => {
    return hole.damage === damage && (hole.scenarios?.includes(scenario) ?? true)
  })?.why

export const holeNames: readonly string[] = holes.map(({ damage }) => damage)
