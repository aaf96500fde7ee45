/**
 * The checkers by name, and `Expectation`: the words in which a scenario says what must hold. An
 * expectation is JSON data, so that a stored run can be judged again by a better checker. A new
 * checker is one line here: its options are those of its own schema.
 */
import { z } from 'zod'
import { agesExported } from './ages-exported.ts'
import { answersInTime } from './answers-in-time.ts'
import { clientsCounted } from './clients-counted.ts'
import { closedInTime } from './closed-in-time.ts'
import { counterRises } from './counter-rises.ts'
import { commitsAreNext } from './commits-are-next.ts'
import { deliveredInTime } from './delivered-in-time.ts'
import { endsInOrder } from './ends-in-order.ts'
import { exercised } from './exercised.ts'
import { hostileAnswered } from './hostile-answered.ts'
import { idleIsNotBroken } from './idle-is-not-broken.ts'
import { lagTruth } from './lag-truth.ts'
import { limitHolds } from './limit-holds.ts'
import { malformedAccounted } from './malformed-accounted.ts'
import { memoryBounded } from './memory-bounded.ts'
import { newcomersLetIn } from './newcomers-let-in.ts'
import { pagesKeptOut } from './pages-kept-out.ts'
import { replayEndsTellTruth } from './replay-ends-tell-truth.ts'
import { replaysAnswered } from './replays-answered.ts'
import { replaysEnded } from './replays-ended.ts'
import { replaysExpire } from './replays-expire.ts'
import { resetForgets } from './reset-forgets.ts'
import { restored } from './restored.ts'
import { staysAlive } from './stays-alive.ts'
import { stream } from './stream.ts'
import { toldInBounds } from './told-in-bounds.ts'
import { toldInVersion } from './told-in-version.ts'
import { warningIsRecent } from './warning-is-recent.ts'
import { wellAgain } from './well-again.ts'
import type { OptionsOf } from './options.ts'

export const checkers = {
  stream,
  'memory-bounded': memoryBounded,
  'closed-in-time': closedInTime,
  'answers-in-time': answersInTime,
  'clients-counted': clientsCounted,
  'counter-rises': counterRises,
  'told-in-bounds': toldInBounds,
  'told-in-version': toldInVersion,
  'warning-is-recent': warningIsRecent,
  'ages-exported': agesExported,
  'idle-is-not-broken': idleIsNotBroken,
  'commits-are-next': commitsAreNext,
  'delivered-in-time': deliveredInTime,
  'ends-in-order': endsInOrder,
  'hostile-answered': hostileAnswered,
  'lag-truth': lagTruth,
  'limit-holds': limitHolds,
  'malformed-accounted': malformedAccounted,
  'newcomers-let-in': newcomersLetIn,
  'pages-kept-out': pagesKeptOut,
  'replay-ends-tell-truth': replayEndsTellTruth,
  'replays-answered': replaysAnswered,
  'replays-ended': replaysEnded,
  'replays-expire': replaysExpire,
  'reset-forgets': resetForgets,
  restored,
  exercised,
  'well-again': wellAgain,
  'stays-alive': staysAlive,
} as const

type Registry = typeof checkers
export type CheckerName = keyof Registry

export const checkerNames = Object.keys(checkers) as readonly CheckerName[]

/** One thing that must hold: the checker's name and what it is told. */
export type Expectation<G extends string = string, P extends string = string> = {
  readonly [K in CheckerName]: { readonly check: K } & OptionsOf<Registry[K]['options'], G, P>
}[CheckerName]

/** Reads an expectation of a stored run; refuses unknown checkers and unknown options. */
export const expectationSchema: z.ZodType<Expectation> = z
  .looseObject({ check: z.enum(checkerNames) })
  .superRefine(({ check, ...options }, context) => {
    const parsed = checkers[check].options.safeParse(options)
    for (const { path, message } of parsed.error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: [...path], message: `${check}: ${message}` })
    }
  })
  .transform((value) => value as unknown as Expectation)
