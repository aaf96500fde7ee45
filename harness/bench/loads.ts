/** The loads of the bench: what is sent, to how many, and what the relay should make of it. */

interface LoadFacts {
  readonly clients: number
  readonly payloadBytes: number
  readonly says: string
  /** Deliveries per CPU-second of the relay that we hold ourselves to. */
  readonly goal?: number
  readonly goalP50Ms?: number
  readonly goalP99Ms?: number
}
/** Records at a rate, measured over a window after a warm-up. */
export interface PacedLoad extends LoadFacts {
  readonly kind: 'paced'
  readonly recordsPerSecond: number
  readonly seconds: number
}
/** Records as fast as Kafka takes them, measured until the last one arrived. */
export interface FlatOutLoad extends LoadFacts {
  readonly kind: 'flat-out'
  readonly records: number
}
/** Connections that get nothing: what each costs in memory. */
export interface IdleLoad extends LoadFacts {
  readonly kind: 'idle'
  /** Bytes of resident memory a connection may take. */
  readonly goalBytes: number
}
export type BenchLoad = PacedLoad | FlatOutLoad | IdleLoad

const paced = (
  clients: number,
  recordsPerSecond: number,
  [goal, goalP50Ms, goalP99Ms]: readonly [number, number, number],
): PacedLoad => ({
  kind: 'paced',
  clients,
  recordsPerSecond,
  seconds: 8,
  payloadBytes: 1_024,
  goal,
  goalP50Ms,
  goalP99Ms,
  says: `${clients} clients, ${recordsPerSecond} records/s of 1 KiB`,
})

export const benchLoads = {
  busy: paced(100, 2_000, [800_000, 6, 15]),
  calm: paced(100, 400, [140_000, 4, 8]),
  crowd: paced(1_000, 40, [110_000, 9, 20]),
  'flat-out': {
    kind: 'flat-out',
    clients: 100,
    records: 40_000,
    payloadBytes: 1_024,
    goal: 1_500_000,
    says: '100 clients, 40,000 records of 1 KiB flat out',
  },
  'one-client': {
    kind: 'flat-out',
    clients: 1,
    records: 100_000,
    payloadBytes: 1_024,
    says: '1 client, 100,000 records of 1 KiB flat out (goal: 25,000 records/s)',
  },
  idle: {
    kind: 'idle',
    clients: 5_000,
    payloadBytes: 0,
    goalBytes: 10_240,
    says: '5,000 idle connections',
  },
} as const satisfies Record<string, BenchLoad>

export type BenchName = keyof typeof benchLoads
/** What `npm run bench` runs when no name is given. */
export const benchDefault: readonly BenchName[] = ['busy', 'flat-out']
