/**
 * What became of an odd setting must be visible, and within what was asked for: a value that does
 * not stand in /health cannot be operated, and one above what was asked was not asked for.
 */
import { z } from 'zod'
import { dig } from '../history/readings.ts'
import { checker } from './checker.ts'
import { cannotTell, conclude } from './reading/conclude.ts'
import { name, phaseRef, type OptionsOf } from './options.ts'

const schema = z.strictObject({
  /** Keys from the root of `/health`, joined by dots. */
  path: name,
  phase: phaseRef,
  above: z.number(),
  /** Without it any value above will do: the target replaced what it was told by its own. */
  atMost: z.number().exactOptional(),
})
export type SettingsStayInBoundsOptions = OptionsOf<typeof schema>

export const settingsStayInBounds = checker({
  says: 'An effective value stands in /health, within the bounds of what was asked for.',
  options: schema,
  judge(history, { path, phase, above, atMost = Infinity }) {
    const window = history.phase(phase)
    const fix = 'run it to its end, and see that GET /health is answered'
    if (window === undefined) return cannotTell('no-phase', `There was no phase ${phase}.`, fix)
    const polls = history
      .events('health')
      .filter(([, t, , , body]) => body !== null && t >= window.begin && t <= window.end)
    const last = polls.at(-1)
    if (last === undefined) {
      return cannotTell('no-health', `/health was not answered during ${phase}.`, fix)
    }
    const [, at, , , body] = last
    const told = dig(body, path.split('.'))
    const isTold = typeof told === 'number'
    const isWithin = isTold && told > above && told <= atMost
    const bounds = `above ${above}${Number.isFinite(atMost) ? ` and at most ${atMost}` : ''}`
    const found = told === undefined ? 'nothing' : JSON.stringify(told)
    const where = `at the end of phase ${phase}`
    const says = `/health was to report ${path} ${bounds} ${where}; it reported ${found}.`
    const rule = isTold ? 'told-out-of-bounds' : 'not-told'
    return conclude({
      violations: isWithin ? [] : [{ rule, says, at }],
      holds: {
        rule: 'told',
        says: `/health reported ${path} = ${found} ${where} (wanted: ${bounds}).`,
      },
      exercised: 1,
      counted: 'values of /health',
      evidence: { path, phase, told: found, polls: polls.length },
    })
  },
})
