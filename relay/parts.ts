/**
 * The named parts that the relay is composed of, each an interface that its folder declares in
 * its seam.ts. The reference implementations are in the same folders and are wired in
 * relay/wiring.ts; passing another one makes a relay that differs in that rule and in nothing else.
 */
import type { OpenTransactions } from './kafka/batches/transactions.ts'
import type { ReplayPages } from './limits/ledger.ts'
import type { PartialShare } from './limits/partial-frames.ts'
import type { LogBounds } from './log/byte-log.ts'
import type { ReplayExpiry, ReplayStore, ResumeParser } from './replay/seam.ts'
import type { OffsetPolicy } from './kafka/seam.ts'
import type { HealthPolicy, Breaker, AgeGauges } from './health/seam.ts'
import type { LagSeries, LagQuestions } from './lag/seam.ts'
import type {
  ConnectionLimiter,
  Rates,
  ReplayGate,
  ClientAddress,
  Admission,
} from './limits/seam.ts'
import type { Headcount } from './clients/seam.ts'
import type { SendDeadline, OutletNeeds, Outlet, PoisonPolicy } from './stages/seam.ts'

/** Everything that may be replaced. Wired in relay/wiring.ts, in one place. */
export interface RelayParts {
  /** How much the shared log keeps. */
  readonly ring: LogBounds
  readonly sendDeadline: SendDeadline
  openOutlet(needs: OutletNeeds): Outlet
  /** Which batches must not be read, according to the aborted transactions. */
  readonly transactions: OpenTransactions
  readonly poison: PoisonPolicy
  readonly offsets: OffsetPolicy
  readonly health: HealthPolicy
  readonly breaker: Breaker
  readonly ages: AgeGauges
  readonly lagSeries: LagSeries
  readonly lagQuestions: LagQuestions
  readonly replayStore: ReplayStore
  readonly replayExpiry: ReplayExpiry
  readonly limiter: ConnectionLimiter
  readonly rates: Rates
  readonly resumes: ResumeParser
  readonly replayGate: ReplayGate
  readonly replayPages: ReplayPages
  readonly partialFrames: PartialShare
  readonly address: ClientAddress
  readonly admission: Admission
  readonly headcount: Headcount
}
/** Replaces parts of the reference by others that may be built on it. */
export type Overrides = (reference: RelayParts) => Partial<RelayParts>
