/** A hunt that cannot go on says so: an early end without a finding would look like a good one. */
import { createServer, type AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { hunt } from './hunt.ts'
import type { Site } from './place.ts'
import { hungUp, RawProducer } from './raw-producer.ts'
import { stepKinds } from './steps.ts'

test('what goes wrong on our side ends it and is reported', async () => {
  const vectorFolder = mkdtempSync(join(tmpdir(), 'vectors-'))
  const stack = {
    get kafkaDirect(): never {
      throw new Error('there is no Kafka')
    },
  }
  const site = { world: { clock }, stack } as unknown as Site
  const { signal } = new AbortController()
  const plan = { seed: 1, limitMs: 60_000, vectorFolder, kinds: stepKinds, signal, say: () => {} }
  try {
    await expect(hunt(site, plan)).rejects.toThrow('there is no Kafka')
  } finally {
    rmSync(vectorFolder, { recursive: true })
  }
})

test('a broker that hangs up on a batch has refused it, and gets the next one', async () => {
  let connections = 0
  const broker = createServer((socket) => {
    connections += 1
    if (connections === 1) return void socket.once('data', () => socket.destroy())
    // Correlation, one topic "t" and one partition, with error code 87; the rest is not looked at.
    const answer = Buffer.alloc(4 + 40)
    answer.writeInt32BE(40)
    answer.writeInt16BE(87, 4 + 4 + 4 + 2 + 1 + 4 + 4)
    socket.on('data', () => socket.write(answer))
  }).listen(0, '127.0.0.1')
  await new Promise((done) => broker.once('listening', done))
  const producer = new RawProducer(clock, `127.0.0.1:${(broker.address() as AddressInfo).port}`)
  expect(await producer.send('t', 0, Buffer.alloc(9))).toBe(hungUp)
  expect(await producer.send('t', 0, Buffer.alloc(9))).toBe(87)
  producer.close()
  broker.close()
})
