/**
 * The effective value of an extreme setting must be visible in /health and within the bounds that
 * were set.
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
  /** Without it any value above is right: the target replaced the invalid value by its own. */
  atMost: z.number().exactOptional(),
})
export type SettingsStayInBoundsOptions = OptionsOf<typeof schema>

export const settingsStayInBounds = checker({
  says: '/health reports the effective value, within the bounds that were set.',
  options: schema,
  judge(history, { path, phase, above, atMost = Infinity }) {
    const window = history.phase(phase)
    const fix = 'let the run finish, and check that GET /health is answered'
    if (window === undefined) return cannotTell('no-phase', `Phase ${phase} did not run.`, fix)
    const polls = history
      .events('health')
      .filter(([, t, , , body]) => body !== null && t >= window.begin && t <= window.end)
    const last = polls.at(-1)
    if (last === undefined) {
      return cannotTell('no-health', `/health was not answered during ${phase}.`, fix)
    }
    const [, at, , , body] = last
    const reported = dig(body, path.split('.'))
    const isReported = typeof reported === 'number'
    const isWithin = isReported && reported > above && reported <= atMost
    const bounds = `above ${above}${Number.isFinite(atMost) ? ` and at most ${atMost}` : ''}`
    const found = reported === undefined ? 'nothing' : JSON.stringify(reported)
    const where = `at the end of phase ${phase}`
    const says = `/health must report ${path} ${bounds} ${where}; it reported ${found}.`
    const rule = isReported ? 'reported-out-of-bounds' : 'not-reported'
    return conclude({
      violations: isWithin ? [] : [{ rule, says, at }],
      holds: {
        rule: 'reported',
        says: `/health reported ${path} = ${found} ${where} (limits: ${bounds}).`,
      },
      exercised: 1,
      counted: 'values of /health',
      evidence: { path, phase, reported: found, polls: polls.length },
    })
  },
})
