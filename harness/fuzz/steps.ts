/**
 * What a relay is fed with, as plain values: small enough to read, to keep in a file, and to make
 * smaller step by step while they still fail.
 */
import * as fc from 'fast-check'
import { everyMalformedKind, type MalformedKind } from '../records/malformed.ts'
import { codecs, type Codec } from './batch-bytes.ts'
import { orders, type Order } from './record-bytes.ts'
import { partitions } from './place.ts'

/** What one record of a batch holds. */
export type ValueSpec =
  | { is: 'events'; events: number; threads: number; order: Order; isPacked: boolean }
  | { is: 'repeated-field'; times: number; isPacked: boolean }
  | { is: 'nested'; depth: number; isPacked: boolean }
  | { is: 'long-text'; bytes: number; isPacked: boolean }
  | { is: 'bomb'; bytes: number }
  | { is: 'skippable'; frames: number; bytesEach: number }
  | { is: 'bytes'; hex: string }
  | { is: 'malformed'; kind: MalformedKind; count: number }
  | { is: 'tombstone' }

/** One thing that is done to the relay. */
export type Step =
  | {
      does: 'batch'
      value: ValueSpec
      records: number
      partition: number
      codec: Codec
      headers: number
      padding: number
      frames: number
    }
  | { does: 'tiny-records'; records: number; partition: number }
  | { does: 'transactions'; records: number; partition: number; aborts: boolean[] }
  | { does: 'resume'; partitions: number; base: number; offset: string; from: string; at: Copies }
  | { does: 'resume-threads'; threads: number; nameBytes: number; at: Copies }
  | { does: 'json'; depth: number; width: number; at: Copies }
  | { does: 'text'; text: string; bytes: number; at: Copies }
  | { does: 'fragments'; fragments: number; bytesEach: number; at: Copies }
  | { does: 'pings'; pings: number; bytes: number; at: Copies }
  | { does: 'burst'; seed: number; at: Copies }
  | { does: 'reset' }
  | { does: 'wire-bytes'; hex: string; isUpgraded: boolean }
  | {
      does: 'http'
      method: string
      path: string
      headers: number
      headerBytes: number
      bodyBytes: number
    }

/** How often a frame is sent on a connection, and by how many connections at once. */
export interface Copies {
  times: number
  connections: number
}
export type StepKind = Step['does']

const upTo = (max: number) => fc.integer({ min: 0, max })
const from1To = (max: number) => fc.integer({ min: 1, max })
const hex = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('hex'))
const isPacked = fc.boolean()
const partition = upTo(partitions - 1)
const MiB = 1_048_576

const few = (max: number) => fc.oneof({ weight: 3, arbitrary: from1To(3) }, from1To(max))
const mostlyOne = (max: number) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, from1To(max))
const rarely = (max: number) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, upTo(max))
const value: fc.Arbitrary<ValueSpec> = fc.oneof(
  fc.record({
    is: fc.constant('events' as const),
    events: upTo(60_000),
    threads: mostlyOne(20_000),
    order: fc.constantFrom(...orders),
    isPacked,
  }),
  fc.record({ is: fc.constant('repeated-field' as const), times: upTo(400_000), isPacked }),
  fc.record({ is: fc.constant('nested' as const), depth: upTo(200_000), isPacked }),
  fc.record({ is: fc.constant('long-text' as const), bytes: upTo(8 * MiB), isPacked }),
  fc.record({ is: fc.constant('bomb' as const), bytes: upTo(10 * MiB) }),
  fc.record({ is: fc.constant('skippable' as const), frames: upTo(20_000), bytesEach: upTo(9) }),
  fc.record({ is: fc.constant('bytes' as const), hex: hex(400) }),
  fc.record({
    is: fc.constant('malformed' as const),
    kind: fc.constantFrom(...everyMalformedKind),
    count: upTo(100),
  }),
  fc.record({ is: fc.constant('tombstone' as const) }),
)
const at: fc.Arbitrary<Copies> = fc.record({ times: few(20), connections: few(6) })

/** What each kind is drawn from; the table has every kind, or it does not compile. */
const drawn: { readonly [K in StepKind]: fc.Arbitrary<Extract<Step, { does: K }>> } = {
  batch: fc.record({
    does: fc.constant('batch'),
    value,
    records: few(120),
    partition,
    codec: fc.constantFrom(...codecs),
    headers: rarely(60_000),
    padding: rarely(4),
    frames: mostlyOne(20),
  }),
  'tiny-records': fc.record({
    does: fc.constant('tiny-records'),
    records: from1To(50_000),
    partition,
  }),
  transactions: fc.record({
    does: fc.constant('transactions'),
    records: upTo(20),
    partition,
    aborts: fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
  }),
  resume: fc.record({
    does: fc.constant('resume'),
    partitions: upTo(1_100),
    base: fc.constantFrom(0, 0, 1_000, 2_147_483_000),
    offset: fc.constantFrom('0', '41', '-1', '9223372036854775807', '1e3', ' 1'),
    from: fc.constantFrom('cursor', 'earliest', 'latest', 'x'),
    at,
  }),
  'resume-threads': fc.record({
    does: fc.constant('resume-threads'),
    threads: upTo(10_100),
    nameBytes: upTo(80),
    at,
  }),
  json: fc.record({ does: fc.constant('json'), depth: upTo(100_000), width: upTo(80_000), at }),
  text: fc.record({
    does: fc.constant('text'),
    text: fc.oneof(fc.json(), fc.string({ unit: 'binary' })),
    bytes: rarely(MiB),
    at,
  }),
  fragments: fc.record({
    does: fc.constant('fragments'),
    fragments: from1To(3_000),
    bytesEach: upTo(400),
    at,
  }),
  pings: fc.record({ does: fc.constant('pings'), pings: upTo(20_000), bytes: upTo(125), at }),
  burst: fc.record({ does: fc.constant('burst'), seed: fc.nat(), at }),
  reset: fc.record({ does: fc.constant('reset') }),
  'wire-bytes': fc.record({
    does: fc.constant('wire-bytes'),
    hex: hex(400),
    isUpgraded: fc.boolean(),
  }),
  http: fc.record({
    does: fc.constant('http'),
    method: fc.constantFrom('GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'OPTIONS', 'X'),
    path: fc.constantFrom(
      '/', '/ws', '/health', '/metrics', '/version', '/readyz', '/api/expected-schema',
      '/api/expected-schema/g', '/api/expected-schema/%00', '/api/expected-schema/__proto__', '*',
      `/${'a/'.repeat(3_000)}`, `/health?${'a=b&'.repeat(2_000)}`,
    ),
    headers: rarely(3_000),
    headerBytes: upTo(40),
    bodyBytes: rarely(MiB),
  }),
}

export const stepKinds = Object.keys(drawn) as readonly StepKind[]

/** Inputs of a few steps of these kinds. */
export const inputs = (kinds: readonly StepKind[]): fc.Arbitrary<Step[]> =>
  fc.array(fc.oneof(...kinds.map((kind): fc.Arbitrary<Step> => drawn[kind])), {
    minLength: 1,
    maxLength: 4,
  })
