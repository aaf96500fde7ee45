/** The loads of the bench: what is sent, to how many, and what the relay should make of it. */

/** Background load: what goes on besides the clients that are measured. */
export type Background = 'resumes' | 'stalled client' | 'dead Redis'

/** What we hold the relay to, in the units of the table. */
export interface Goals {
  /** Deliveries per CPU-second of the relay. */
  readonly perCpuMin?: number
  /** The same against the baseline relay: a goal for every host, quick or slow. */
  readonly perCpuRatioMin?: number
  readonly perSecondMin?: number
  readonly p50MsMax?: number
  readonly p99MsMax?: number
  readonly connectionBytesMax?: number
  /** Of the p99 with background load, against that without. */
  readonly p99RatioMax?: number
  /** Of the deliveries per second with background load, against those without. */
  readonly throughputRatioMin?: number
}
interface LoadFacts {
  readonly clients: number
  readonly payloadBytes: number
  readonly says: string
  readonly goals: Goals
}
/** Records at a rate, measured over a window after a warm-up. */
export interface PacedLoad extends LoadFacts {
  readonly kind: 'paced'
  readonly recordsPerSecond: number
  readonly seconds: number
  readonly background?: Background
}
/** Records as fast as Kafka takes them, measured until the last one arrived. */
export interface FlatOutLoad extends LoadFacts {
  readonly kind: 'flat-out'
  readonly records: number
  readonly background?: Background
}
/** Connections that get nothing: what each costs in memory. */
export interface IdleLoad extends LoadFacts {
  readonly kind: 'idle'
  readonly background?: undefined
}
export type BenchLoad = PacedLoad | FlatOutLoad | IdleLoad

const paced = (clients: number, recordsPerSecond: number, goals: Goals): PacedLoad => ({
  kind: 'paced',
  clients,
  recordsPerSecond,
  seconds: 8,
  payloadBytes: 1_024,
  goals,
  says: `${clients} clients, ${recordsPerSecond} records/s of 1 KiB`,
})

const flatOut = (clients: number, records: number, goals: Goals): FlatOutLoad => ({
  kind: 'flat-out',
  clients,
  records,
  payloadBytes: 1_024,
  goals,
  says: `${clients} client(s), ${records.toLocaleString('en')} records of 1 KiB flat out`,
})

/** The same, with and without background load, in turns; the window is that of one turn. */
function withBackground<Load extends PacedLoad | FlatOutLoad>(load: Load, what: Background): Load {
  const says = `${load.says}, with and without ${what} in the background`
  return { ...load, background: what, says, ...(load.kind === 'paced' && { seconds: 4 }) }
}

/** What the baseline relay made per CPU-second on the quiet host for which the goals were set. */
const plainPerCpu = { busy: 158_146, calm: 91_706, flatOut: 153_198 } as const

const perCpuGoals = (perCpuMin: number, plain: keyof typeof plainPerCpu) => ({
  perCpuMin,
  perCpuRatioMin: Number((perCpuMin / plainPerCpu[plain]).toFixed(2)),
})

export const benchLoads = {
  busy: paced(100, 2_000, { ...perCpuGoals(800_000, 'busy'), p50MsMax: 6, p99MsMax: 15 }),
  calm: paced(100, 400, { ...perCpuGoals(140_000, 'calm'), p50MsMax: 4, p99MsMax: 8 }),
  crowd: paced(1_000, 40, { perCpuMin: 110_000, p50MsMax: 9, p99MsMax: 20 }),
  'one-calm': paced(1, 400, {}),
  'flat-out': flatOut(100, 40_000, perCpuGoals(1_500_000, 'flatOut')),
  'one-client': flatOut(1, 100_000, { perSecondMin: 25_000 }),
  idle: {
    kind: 'idle',
    clients: 5_000,
    payloadBytes: 0,
    goals: { connectionBytesMax: 10_240 },
    says: '5,000 idle connections',
  },
  resume: withBackground(paced(100, 400, {}), 'resumes'),
  stalled: withBackground(paced(100, 2_000, { p99RatioMax: 1.1 }), 'stalled client'),
  'redis-down': withBackground(flatOut(100, 10_000, { throughputRatioMin: 0.95 }), 'dead Redis'),
} as const satisfies Record<string, BenchLoad>

export type BenchName = keyof typeof benchLoads
/** What `npm run bench` runs when no name is given. */
export const benchDefault: readonly BenchName[] = ['busy', 'flat-out']
