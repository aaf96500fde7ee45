/** Latency is measured from a millisecond on, and adds up exactly. */
import { create } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { encodeRecord } from '../../proto/codec.ts'
import { DashStreamMessageSchema } from '../../proto/gen/dashstream_pb.js'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { batch, bench } from './consume-testbed.ts'

const send = async () => undefined

/** A record whose producer stamped it so long ago. */
function stamped(clock: ManualClock, agoMs: number): Buffer {
  const timestampUs = BigInt(Math.round((clock.unixMs() - agoMs) * 1_000))
  const message = { case: 'event', value: { header: { threadId: 't', timestampUs } } } as const
  return Buffer.from(encodeRecord(create(DashStreamMessageSchema, { message })))
}

test('each record falls into a bucket of its own size', async () => {
  const clock = new ManualClock()
  const it = bench('skip', { producer: { send }, clock })
  const tookMs = [0.5, 1.5, 4, 8, 40, 400, 90_000]
  // Without a stamp, and from a clock that is ahead: neither has a latency.
  const values = [...tookMs.map((ms) => stamped(clock, ms)), stamped(clock, -5_000)]
  const fetched = batch(0n, [...values.map(() => 'valid' as const), 'valid'])
  const records = fetched.records.map((one, at) => ({ ...one, value: values[at] ?? one.value }))
  await it.consume.take({ ...fetched, records }, it.run)
  const lines = (await it.metrics.scrape.text()).split('\n')
  const reported = (name: string) => {
    const found = lines.find((line) => line.startsWith(`relay_e2e_latency_seconds${name} `))
    return Number(found?.split(' ')[1])
  }
  const below = (bound: string) => reported(`_bucket{le="${bound}"}`)
  expect(['0.001', '0.002', '0.005', '0.01', '0.05', '0.5', '60', '+Inf'].map(below)).toEqual([
    1, 2, 3, 4, 5, 6, 6, 7,
  ])
  expect(reported('_count')).toBe(tookMs.length)
  const sumMs = tookMs.reduce((sum, ms) => sum + ms, 0)
  expect(Math.round(reported('_sum') * 1e6)).toBe(Math.round(sumMs * 1e3))
})
