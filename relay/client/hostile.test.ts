/** Senders that mean harm: memory and time stay within what limits.ts says. */
import { constants, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { CompressionType, EventType } from '../../proto/gen/dashstream_pb.js'
import { clientLimits } from './limits.ts'
import { Bed, bytesOf, checkpoint, diff, event, json, token } from './client-testbed.ts'

const start = (thread = 'run', state = '{"n":0}') =>
  event(EventType.GRAPH_START, { thread, sequence: 1 }, { initial_state_json: state })
const zstd = (bytes: Uint8Array) => new Uint8Array(zstdCompressSync(bytes))
const MiB = 1_048_576
const compressionInfo = { type: CompressionType.COMPRESSION_ZSTD }
const packed = (state: Uint8Array) => checkpoint({ sequence: 2 }, { state, compressionInfo })

describe('memory stays below its caps', () => {
  const limits = {
    runsMax: 10,
    timelineMax: 20,
    snapshotsMax: 8,
    checkpointsMax: 4,
    nodesMax: 6,
    messageIdsMax: 100,
    quarantineMax: 12,
    partitionsMax: 5,
    noticesMax: 7,
  }

  test('whatever the number of runs, messages, nodes, partitions and poisons', () => {
    const bed = new Bed({ limits })
    for (let n = 0; n < 3_000; n += 1) {
      const thread = `run-${n % 97}`
      bed.send(start(thread))
      bed.send(event(EventType.NODE_START, { thread, sequence: n + 2 }, {}, `node-${n}`))
      const state = bytesOf(`{"n":${n}}`)
      bed.send(checkpoint({ thread, sequence: n + 3 }, { state, checkpointId: bytesOf(`c${n}`) }))
      bed.send(Uint8Array.of(0, 0xff))
      bed.client.onCursor(n, 0n)
      bed.client.onBinary(token({ thread, sequence: n + 4 }))
      bed.client.onText(`nonsense ${n}`)
    }
    const { client } = bed
    expect(client.runs()).toHaveLength(limits.runsMax)
    expect(client.counters().runsForgotten).toBeGreaterThan(0)
    expect(client.quarantined()).toHaveLength(limits.quarantineMax)
    expect(client.notices()).toHaveLength(limits.noticesMax)
    expect(Object.keys(client.cursor().offsets).length).toBeLessThanOrEqual(limits.partitionsMax)
    for (const { thread } of client.runs()) {
      const run = client.run(thread)
      expect(run?.timeline.length).toBeLessThanOrEqual(limits.timelineMax)
      expect(run?.nodes.size).toBeLessThanOrEqual(limits.nodesMax)
    }
  })

  test('whatever one run does', () => {
    const bed = new Bed({ limits })
    bed.send(start())
    for (let sequence = 2; sequence < 200; sequence += 1) {
      bed.send(event(EventType.NODE_START, { sequence }, {}, `node-${sequence}`))
    }
    const run = bed.client.run('run')
    expect(run?.timeline).toHaveLength(limits.timelineMax)
    expect(run?.nodes.size).toBe(limits.nodesMax)
    expect(bed.client.stateAt('run', 1n)).toEqual({ n: 0 })
  })

  test('whatever the size of the states: the quiet runs go, and come back as partial', () => {
    const bed = new Bed({ limits: { heldBytesMax: 3 * MiB } })
    const state = `{"t":"${'x'.repeat(MiB / 2)}"}`
    for (let n = 0; n < 20; n += 1) {
      bed.send(start(`run-${n}`, state))
      expect(bed.client.counters().heldBytes).toBeLessThanOrEqual(3 * MiB)
    }
    expect(bed.client.run('run-0')).toBeUndefined()
    bed.send(token({ thread: 'run-0', sequence: 2 }))
    expect(bed.flags('run-0')).toEqual(['partial'])
  })

  test('when one run has many large states', () => {
    const bed = new Bed()
    for (let n = 1; n <= 30; n += 1) {
      bed.send(diff({ sequence: n }, { full: `["${'x'.repeat(MiB)}",${n}]` }))
    }
    expect(bed.client.counters().heldBytes).toBeLessThan(MiB + clientLimits.snapshotBytesMax + MiB)
  })
})

describe('bombs are refused before they go off', () => {
  const limits = { stateBytesMax: MiB }
  const bomb = zstd(new Uint8Array(32 * MiB))
  const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0)
  const unsized = new Uint8Array(
    zstdCompressSync(bytesOf('{}'), { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } }),
  )
  const tooLong = `{"x":"${'é'.repeat(MiB / 2)}"}`
  const smallFirst = joined(zstd(bytesOf('{}')), bomb)
  const cases: [string, Uint8Array, string][] = [
    ['a checkpoint that declares too much', packed(bomb), 'state-too-large'],
    ['a small frame before a large one', packed(smallFirst), 'checkpoint-bytes'],
    ['a skippable frame before a large one', packed(joined(skippable, bomb)), 'checkpoint-bytes'],
    ['a frame without a size', packed(unsized), 'checkpoint-bytes'],
    ['a state above the limit', diff({ sequence: 2 }, { full: tooLong }), 'state-too-large'],
    [
      'an attribute above the limit',
      event(EventType.NODE_END, { sequence: 2 }, { state_json: tooLong }, 'a'),
      'state-too-large',
    ],
    ['deep JSON', diff({ sequence: 2 }, { full: '['.repeat(500_000) }), 'state-json'],
    ['a huge index', diff({ sequence: 2 }, { ops: [['add', '/l/4294967294/x', '1']] }), 'patch'],
  ]
  test.each(cases)('%s', (_, value, reason) => {
    const bed = new Bed({ limits })
    bed.send(start('run', '{"l":[]}'))
    expect(bed.send(value).reason).toBe(reason)
    expect(bed.stateText()).toBe('{"l":[]}')
  })

  test('a record above the payload limit is quarantined unread', () => {
    const bed = new Bed({ limits: { payloadBytesMax: 1_000 } })
    expect(bed.send(token({ sequence: 1, thread: 'x'.repeat(2_000) })).reason).toMatch(
      /payload_too_large|decompressed_too_large/,
    )
  })

  test('state grows by many small patches to the limit and not further', () => {
    const bed = new Bed({ limits: { stateBytesMax: 10_000 } })
    bed.send(start('run', '{}'))
    let last = 'applied'
    for (let n = 2; n < 200 && last === 'applied'; n += 1) {
      const ops = [['add', `/k${n}`, `"${'x'.repeat(100)}"`]] as const
      last = bed.send(diff({ sequence: n }, { ops })).reason ?? 'applied'
    }
    expect(last).toBe('state-too-large')
    expect(bed.stateText().length).toBeLessThan(11_000)
  })
})

describe('names that are no names', () => {
  test('cannot reach what every object inherits', () => {
    const bed = new Bed()
    for (const thread of ['__proto__', 'constructor', 'toString']) {
      bed.send(start(thread, '{"__proto__":{"polluted":1},"n":0}'))
      const merge = { state_json: '{"__proto__":{"polluted":2}}' }
      bed.send(event(EventType.NODE_START, { thread, sequence: 2 }, merge, '__proto__'))
      expect(bed.stateText(thread)).toBe('{"__proto__":{"polluted":2},"n":0}')
      expect(bed.client.run(thread)?.nodes.get('__proto__')?.status).toBe('active')
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('a thread id of any length is bounded', () => {
    const bed = new Bed()
    expect(bed.send(start('x'.repeat(5_000))).reason).toBe('thread-too-long')
    expect(bed.send(start('€'.repeat(300))).outcome).toBe('applied')
  })

  test('a hash of another length is no hash', () => {
    const bed = new Bed()
    bed.send(start())
    const { reason } = bed.send(diff({ sequence: 2 }, { full: '{}', hash: new Uint8Array(31) }))
    expect(reason).toBe('hash')
    const right = diff({ sequence: 3 }, { full: '{}', hash: json('{}') })
    expect(bed.send(right).outcome).toBe('applied')
  })

  test('a checkpoint without a state asks nothing of its run', () => {
    const bed = new Bed()
    bed.send(start())
    const elsewhere = checkpoint({ sequence: 2 }, { storageUri: 's3://elsewhere' })
    expect(bed.send(elsewhere).outcome).toBe('applied')
    expect([bed.stateText(), bed.flags()]).toEqual(['{"n":0}', []])
  })
})

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
