/** What a setting became must be visible from outside, or nobody knows what was really tested. */
import { z } from 'zod'
import { dig } from '../history/readings.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude } from './conclude.ts'
import { name } from './options.ts'

export interface ToldInVersionOptions {
  /** Keys from the root of `/version`, joined by dots. */
  readonly path: string
  readonly equals: string | number | boolean | null
}

const okStatus = 200

export const toldInVersion: Checker<ToldInVersionOptions> = {
  says: 'An effective value stands in /version.',
  options: z.strictObject({
    path: name,
    equals: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  }),
  judge(history, { path, equals }) {
    const pages = history
      .events('page')
      .filter(([, , page, status]) => page === '/version' && status === okStatus)
    const last = pages.at(-1)
    if (last === undefined) {
      const fix = 'See that GET /version is answered with 200 at the address of the target.'
      return cannotTell('no-version', 'Nobody got an answer from /version.', fix)
    }
    const [, at, , , body] = last
    const told = dig(body, path.split('.'))
    const isTold = told !== undefined
    const says = `/version was to tell ${path} = ${show(equals)}; it told ${show(told)}.`
    return conclude({
      violations: told === equals ? [] : [{ rule: isTold ? 'told-wrong' : 'not-told', says, at }],
      holds: { rule: 'told', says: `/version tells ${path} = ${show(equals)}.` },
      exercised: pages.length,
      evidence: { path, wanted: equals, told: isTold ? show(told) : null },
    })
  },
}

const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value))
