/** What a measurement says against the goals of its load, and whether it may say anything. */
import type { BenchLoad, Goals } from './loads.ts'
import type { Measurement, Tally } from './measure.ts'

export interface Judged {
  readonly goal: string
  readonly found: number
  /** Undefined where the machine does not let it be known. */
  readonly isMet: boolean | undefined
  /** Whether it is a goal for every host; others are those of a quick one. */
  readonly isForEveryHost: boolean
}

/** Share of the promised records that must have been sent in the time that counts. */
const sentShareMin = 0.98
/** Share of the machine that its host may give to others before times are the host's. */
const stolenShareMax = 0.02
/** Share of one processor above which the readers' own pace is what latency shows. */
const readersShareMax = 0.95

export const perCpu = ({ deliveries, cpuSeconds }: Tally) => deliveries / cpuSeconds
export const perSecond = ({ deliveries, seconds }: Tally) => deliveries / seconds
export const perCpuRatio = (relay: Tally, plain: Tally) => perCpu(relay) / perCpu(plain)
export const p99Ratio = (one: Measurement) => one.p99 / (one.without?.p99 ?? Number.NaN)
export const throughputRatio = (one: Measurement) =>
  perSecond(one) / (one.without === undefined ? Number.NaN : perSecond(one.without))

/** Why a measurement is no result, if it is none. */
export function refusal(load: BenchLoad, one: Measurement): string | undefined {
  if (load.kind === 'idle') return undefined
  const [sent, promised] = [one.sent, one.promised]
  if (sent < promised * sentShareMin) {
    return `${sent} of ${promised} promised records were sent: this machine cannot make the load`
  }
  const share = one.readersCpuSeconds / one.seconds
  if (load.kind === 'paced' && share > readersShareMax) {
    return `the readers took ${(100 * share).toFixed(0)} % of a processor: latency is theirs`
  }
  const needsTurns = load.background !== undefined && load.background !== 'dead Redis'
  if (needsTurns && one.backgroundTurns === 0) {
    return load.background === 'resumes' ? 'no replay was complete' : 'no stalled client was closed'
  }
  return undefined
}

interface Row {
  readonly says: (limit: number) => string
  readonly found: (relay: Measurement, plain: Measurement) => number
  readonly isLeast: boolean
  /**
   * Wall-clock times in it: other processes make them longer. One that is short anyway is
   * sound; a ratio of two may be anything.
   */
  readonly times?: 'one' | 'two'
  readonly isForEveryHost?: true
}
const number = (value: number) => value.toLocaleString('en')
const rows: { readonly [K in keyof Required<Goals>]: Row } = {
  perCpuMin: { says: (n) => `>= ${number(n)} deliveries/CPU-s`, found: perCpu, isLeast: true },
  perCpuRatioMin: {
    says: (n) => `>= ${n} x plain per CPU-s`,
    found: perCpuRatio,
    isLeast: true,
    isForEveryHost: true,
  },
  perSecondMin: {
    says: (n) => `>= ${number(n)} deliveries/s`,
    found: perSecond,
    isLeast: true,
    times: 'one',
  },
  p50MsMax: {
    says: (n) => `p50 <= ${n} ms`,
    found: ({ p50 }) => p50,
    isLeast: false,
    times: 'one',
  },
  p99MsMax: {
    says: (n) => `p99 <= ${n} ms`,
    found: ({ p99 }) => p99,
    isLeast: false,
    times: 'one',
  },
  connectionBytesMax: {
    says: (n) => `<= ${number(n)} bytes each`,
    found: ({ connectionBytes }) => connectionBytes,
    isLeast: false,
    isForEveryHost: true,
  },
  p99RatioMax: {
    says: (n) => `p99 <= ${n} x that without`,
    found: p99Ratio,
    isLeast: false,
    times: 'two',
    isForEveryHost: true,
  },
  throughputRatioMin: {
    says: (n) => `>= ${n} x the throughput without`,
    found: throughputRatio,
    isLeast: true,
    times: 'two',
    isForEveryHost: true,
  },
}

const isStolen = ({ machine }: Tally): boolean =>
  machine !== undefined && machine.stolen > stolenShareMax * machine.all

/**
 * Every goal of the load, held against the relay and against the baseline relay
 * of the same run. While
 * the host gives our processors to others, neither a time or rate that misses its goal says
 * anything nor any ratio of two.
 */
export function judge({ goals }: BenchLoad, relay: Measurement, plain: Measurement): Judged[] {
  const isDisturbed = isStolen(relay) || (relay.without !== undefined && isStolen(relay.without))
  return (Object.entries(goals) as [keyof Goals, number][]).map(([key, limit]) => {
    const { says, found, isLeast, times, isForEveryHost = false } = rows[key]
    const value = found(relay, plain)
    const isMet = isLeast ? value >= limit : value <= limit
    const isKnown = !isDisturbed || times === undefined || (times === 'one' && isMet)
    return {
      goal: says(limit),
      found: value,
      isMet: isKnown ? isMet : undefined,
      isForEveryHost,
    }
  })
}
