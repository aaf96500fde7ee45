/**
 * The checkers by name, and `Expectation`: the words in which a scenario says what must hold. An
 * expectation is JSON data, so that a stored run can be judged again by a better checker.
 */
import { z } from 'zod'
import { agesExported, type AgesExportedOptions } from './ages-exported.ts'
import { answersInTime, type AnswersInTimeOptions } from './answers-in-time.ts'
import { clientsCounted, type ClientsCountedOptions } from './clients-counted.ts'
import { closedInTime, type ClosedInTimeOptions } from './closed-in-time.ts'
import { counterRises, type CounterRisesOptions } from './counter-rises.ts'
import { commitsAreNext, type CommitsAreNextOptions } from './commits-are-next.ts'
import { deliveredInTime, type DeliveredInTimeOptions } from './delivered-in-time.ts'
import { endsInOrder, type EndsInOrderOptions } from './ends-in-order.ts'
import { exercised, type ExercisedOptions } from './exercised.ts'
import { hostileAnswered, type HostileAnsweredOptions } from './hostile-answered.ts'
import { idleIsNotBroken, type IdleIsNotBrokenOptions } from './idle-is-not-broken.ts'
import { lagTruth, type LagTruthOptions } from './lag-truth.ts'
import { limitHolds, type LimitHoldsOptions } from './limit-holds.ts'
import { malformedAccounted, type MalformedAccountedOptions } from './malformed-accounted.ts'
import { memoryBounded, type MemoryBoundedOptions } from './memory-bounded.ts'
import { newcomersLetIn, type NewcomersLetInOptions } from './newcomers-let-in.ts'
import { pagesKeptOut, type PagesKeptOutOptions } from './pages-kept-out.ts'
import { replayEndsTellTruth, type ReplayEndsTellTruthOptions } from './replay-ends-tell-truth.ts'
import { replaysAnswered, type ReplaysAnsweredOptions } from './replays-answered.ts'
import { replaysEnded, type ReplaysEndedOptions } from './replays-ended.ts'
import { replaysExpire, type ReplaysExpireOptions } from './replays-expire.ts'
import { resetForgets, type ResetForgetsOptions } from './reset-forgets.ts'
import { restored, type RestoredOptions } from './restored.ts'
import { staysAlive, type StaysAliveOptions } from './stays-alive.ts'
import { stream } from './stream.ts'
import type { StreamOptions } from './stream/options.ts'
import { toldInBounds, type ToldInBoundsOptions } from './told-in-bounds.ts'
import { toldInVersion, type ToldInVersionOptions } from './told-in-version.ts'
import { warningIsRecent, type WarningIsRecentOptions } from './warning-is-recent.ts'
import { wellAgain, type WellAgainOptions } from './well-again.ts'
import type { Checker } from './checker.ts'

/** What each checker may be told, for a scenario with groups `G` and phases `P`. */
export interface CheckerOptions<G extends string = string, P extends string = string> {
  readonly stream: StreamOptions<G>
  readonly 'memory-bounded': MemoryBoundedOptions<G, P>
  readonly 'closed-in-time': ClosedInTimeOptions<G, P>
  readonly 'answers-in-time': AnswersInTimeOptions<P>
  readonly 'clients-counted': ClientsCountedOptions
  readonly 'counter-rises': CounterRisesOptions<P>
  readonly 'told-in-bounds': ToldInBoundsOptions<P>
  readonly 'told-in-version': ToldInVersionOptions
  readonly 'warning-is-recent': WarningIsRecentOptions<P>
  readonly 'ages-exported': AgesExportedOptions<P>
  readonly 'idle-is-not-broken': IdleIsNotBrokenOptions<P>
  readonly 'commits-are-next': CommitsAreNextOptions<P>
  readonly 'delivered-in-time': DeliveredInTimeOptions<G, P>
  readonly 'ends-in-order': EndsInOrderOptions<G>
  readonly 'hostile-answered': HostileAnsweredOptions
  readonly 'lag-truth': LagTruthOptions<P>
  readonly 'limit-holds': LimitHoldsOptions<G>
  readonly 'malformed-accounted': MalformedAccountedOptions<G>
  readonly 'newcomers-let-in': NewcomersLetInOptions<G, P>
  readonly 'pages-kept-out': PagesKeptOutOptions<G>
  readonly 'replay-ends-tell-truth': ReplayEndsTellTruthOptions<G>
  readonly 'replays-answered': ReplaysAnsweredOptions<G, P>
  readonly 'replays-ended': ReplaysEndedOptions<G>
  readonly 'replays-expire': ReplaysExpireOptions<G, P>
  readonly 'reset-forgets': ResetForgetsOptions
  readonly restored: RestoredOptions<G>
  readonly exercised: ExercisedOptions
  readonly 'well-again': WellAgainOptions
  readonly 'stays-alive': StaysAliveOptions
}

export type CheckerName = keyof CheckerOptions

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
} as const satisfies { readonly [K in CheckerName]: Checker<CheckerOptions[K]> }

export const checkerNames = Object.keys(checkers) as readonly CheckerName[]

/** One thing that must hold: the checker's name and what it is told. */
export type Expectation<G extends string = string, P extends string = string> = {
  readonly [K in CheckerName]: { readonly check: K } & CheckerOptions<G, P>[K]
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
