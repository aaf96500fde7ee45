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

const health = 'health is asked after the heal only, not before and during it'

const holes: readonly Hole[] = [
  { damage: 'lag is a little too high', why: 'the bounds of the truth are wider than that' },
  { damage: 'health never notices', why: health },
  { damage: 'health cries before anything happens', why: health },
  { damage: 'a client is counted that is not there', why: 'the count is calibrated by itself' },
  { damage: 'the limit is refused with 500', why: 'the status of a refusal is not asked' },
  { damage: 'the relay aborts at its end', why: 'how the relay ends is not asked yet' },
  { damage: 'a hostile resume is not answered', why: 'answers to hostile resumes are not asked' },
]

/** Why a damage is missed in a scenario; undefined where it must be found. */
export const holeOf = (damage: string, scenario: string): string | undefined =>
  holes.find((hole) => {
    return hole.damage === damage && (hole.scenarios?.includes(scenario) ?? true)
  })?.why

export const holeNames: readonly string[] = holes.map(({ damage }) => damage)
