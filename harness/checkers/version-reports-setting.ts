/** The effective value of a setting must be visible, or it is unknown what was really tested. */
import { z } from 'zod'
import { dig } from '../history/readings.ts'
import { checker } from './checker.ts'
import { cannotTell, conclude, many } from './reading/conclude.ts'
import { name } from './options.ts'

const schema = z.strictObject({
  /** Keys from the root of `/version`, joined by dots. */
  path: name,
  equals: z.union([z.string(), z.number(), z.boolean(), z.null()]),
})

const okStatus = 200

export const versionReportsSetting = checker({
  says: '/version reports the effective value.',
  options: schema,
  judge(history, { path, equals }) {
    const asked = history.events('page').filter(({ path: page }) => page === '/version')
    const pages = asked.filter(({ status }) => status === okStatus)
    const last = pages.at(-1)
    if (last === undefined) {
      const fix = 'check that the target answers GET /version with 200'
      const statuses = asked.map(({ status }) => status)
      const says =
        asked.length === 0
          ? '/version was not asked.'
          : `/version was asked ${many(asked.length, 'time')} and never answered 200, only ` +
            `${[...new Set(statuses)].join(', ')}.`
      return cannotTell('no-version', says, fix)
    }
    const { t: at, body } = last
    const reported = dig(body, path.split('.'))
    const isReported = reported !== undefined
    const says = `/version must report ${path} = ${show(equals)}; it reported ${show(reported)}.`
    const rule = isReported ? 'reported-wrong' : 'not-reported'
    return conclude({
      violations: reported === equals ? [] : [{ rule, says, at }],
      holds: { rule: 'reported', says: `/version reported ${path} = ${show(reported)}, as set.` },
      exercised: 1,
      counted: 'values of /version',
      evidence: { path, wanted: equals, reported: isReported ? show(reported) : null },
    })
  },
})

const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value))
