/**
 * The checkers by name, and `Expectation`: the words in which a scenario says what must hold. An
 * expectation is JSON data, so that a stored run can be judged again by a better checker. A new
 * checker is one line here: its options are those of its own schema.
 */
import { z } from 'zod'
import { formerCheckerNames } from './former-names.ts'
import { agesMatch } from './ages-match.ts'
import { answersInTime } from './answers-in-time.ts'
import { clientsCounted } from './clients-counted.ts'
import { closedInTime } from './closed-in-time.ts'
import { counterRises } from './counter-rises.ts'
import { commitsNextOffset } from './commits-next-offset.ts'
import { countsAddUp } from './counts-add-up.ts'
import { deliveredInTime } from './delivered-in-time.ts'
import { shutdownCompletes } from './shutdown-completes.ts'
import { exercised } from './exercised.ts'
import { hostileAnswered } from './hostile-answered.ts'
import { idleIsHealthy } from './idle-is-healthy.ts'
import { lagTruth } from './lag-truth.ts'
import { limitHolds } from './limit-holds.ts'
import { malformedAccounted } from './malformed-accounted.ts'
import { memoryBounded } from './memory-bounded.ts'
import { newClientsAccepted } from './new-clients-accepted.ts'
import { foreignPagesRefused } from './foreign-pages-refused.ts'
import { replayEndIsCorrect } from './replay-end-is-correct.ts'
import { replaysAnswered } from './replays-answered.ts'
import { replaysEnded } from './replays-ended.ts'
import { replaysExpire } from './replays-expire.ts'
import { resetForgets } from './reset-forgets.ts'
import { clientsCatchUp } from './clients-catch-up.ts'
import { staysAlive } from './stays-alive.ts'
import { stream } from './stream.ts'
import { settingsStayInBounds } from './settings-stay-in-bounds.ts'
import { versionReportsSetting } from './version-reports-setting.ts'
import { alertClears } from './alert-clears.ts'
import { alertFires } from './alert-fires.ts'
import { alertInhibited } from './alert-inhibited.ts'
import { alertStaysSilent } from './alert-stays-silent.ts'
import { healthRecovers } from './health-recovers.ts'
import type { OptionsOf } from './options.ts'

export const checkers = {
  stream,
  'memory-bounded': memoryBounded,
  'closed-in-time': closedInTime,
  'answers-in-time': answersInTime,
  'clients-counted': clientsCounted,
  'counter-rises': counterRises,
  'counts-add-up': countsAddUp,
  'settings-stay-in-bounds': settingsStayInBounds,
  'version-reports-setting': versionReportsSetting,
  'alert-clears': alertClears,
  'alert-fires': alertFires,
  'alert-stays-silent': alertStaysSilent,
  'alert-inhibited': alertInhibited,
  'ages-match': agesMatch,
  'idle-is-healthy': idleIsHealthy,
  'commits-next-offset': commitsNextOffset,
  'delivered-in-time': deliveredInTime,
  'shutdown-completes': shutdownCompletes,
  'hostile-answered': hostileAnswered,
  'lag-truth': lagTruth,
  'limit-holds': limitHolds,
  'malformed-accounted': malformedAccounted,
  'new-clients-accepted': newClientsAccepted,
  'foreign-pages-refused': foreignPagesRefused,
  'replay-end-is-correct': replayEndIsCorrect,
  'replays-answered': replaysAnswered,
  'replays-ended': replaysEnded,
  'replays-expire': replaysExpire,
  'reset-forgets': resetForgets,
  'clients-catch-up': clientsCatchUp,
  exercised,
  'health-recovers': healthRecovers,
  'stays-alive': staysAlive,
} as const

type Registry = typeof checkers
export type CheckerName = keyof Registry

export const checkerNames = Object.keys(checkers) as readonly CheckerName[]

/** One thing that must hold: the checker's name and what it is told. */
export type Expectation<G extends string = string, P extends string = string> = {
  readonly [K in CheckerName]: { readonly check: K } & OptionsOf<Registry[K]['options'], G, P>
}[CheckerName]

/**
 * Reads an expectation of a stored run, also by the former name of its checker; refuses
 * unknown checkers and unknown options.
 */
export const expectationSchema: z.ZodType<Expectation> = z
  .looseObject({
    check: z.preprocess((name) => formerCheckerNames[String(name)] ?? name, z.enum(checkerNames)),
  })
  .superRefine(({ check, ...options }, context) => {
    const parsed = checkers[check].options.safeParse(options)
    for (const { path, message } of parsed.error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: [...path], message: `${check}: ${message}` })
    }
  })
  .transform((value) => value as unknown as Expectation)
