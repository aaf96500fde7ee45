/**
 * The send stage as a state machine, on a socket whose other end the test is: it takes bytes when
 * the test says so. What real sockets do is in send.stack.test.ts.
 */
import { describe, expect, test } from 'vitest'
import { recordFrames } from '../log/frames.ts'
import type { MissedRange } from '../log/record.ts'
import { settled } from '../world/manual-clock-testbed.ts'
import { bench, limits, pong } from './send-testbed.ts'

const none = new Map<number, bigint>()

describe('live records', () => {
  test('do not flow before the client is live, and then from where it joined', () => {
    const { append, outlet, socket } = bench()
    append()
    outlet.wake()
    expect(socket.writes).toEqual([])
    outlet.goLive()
    expect(socket.writes).toEqual([recordFrames(0, 0n, Buffer.alloc(10, 1))])
  })

  test('that came during a write follow in one', () => {
    const { append, outlet, socket } = bench()
    outlet.goLive()
    append()
    outlet.wake()
    append()
    append()
    outlet.wake()
    expect(socket.writes).toHaveLength(1)
    socket.accept()
    const rest = [1n, 2n].map((offset) => recordFrames(0, offset, Buffer.alloc(10, 1)))
    expect(socket.writes[1]).toEqual(Buffer.concat(rest))
  })

  test('hold at most one write, however much has come', () => {
    const { append, outlet, socket } = bench()
    outlet.goLive()
    for (let count = 0; count < 500; count += 1) {
      append(100)
      outlet.wake()
    }
    expect(socket.writes).toHaveLength(1)
    expect(outlet.heldBytes).toBeLessThanOrEqual(4_096)
  })

  test('that fell behind the ring are reported before the next ones, once', () => {
    const { append, lapped, outlet, socket } = bench({ bytesMax: 4_096, recordsMax: 64 })
    outlet.goLive()
    append()
    outlet.wake()
    for (let count = 0; count < 200; count += 1) append(100)
    expect(outlet.isPinning).toBe(true)
    socket.accept()
    expect(outlet.isPinning).toBe(false)
    expect(socket.writes[1]).toEqual(pong)
    socket.accept()
    expect(lapped).toHaveLength(1)
    const [{ firstOffset, lastOffset, count }] = lapped[0]! as [MissedRange]
    expect([firstOffset, count]).toEqual([1n, Number(lastOffset)])
    expect(socket.writes[2]!.includes(`"offset":"${lastOffset + 1n}"`)).toBe(true)
  })
})

describe('frames of its own', () => {
  test('are accounted for until they are written or dropped', () => {
    const { accounted, outlet, socket } = bench()
    outlet.control(pong)
    outlet.control(pong)
    expect([accounted(), outlet.queuedBytes]).toEqual([2 * pong.length, 2 * pong.length])
    socket.accept()
    expect(accounted()).toBe(pong.length)
    outlet.control(pong)
    outlet.close('shutdown', pong)
    expect([accounted(), outlet.queuedBytes]).toEqual([2 * pong.length, 2 * pong.length])
    outlet.abandon()
    expect([accounted(), socket.isDestroyed]).toEqual([0, true])
  })

  test('go before live records, and are written alone', () => {
    const { append, outlet, socket } = bench()
    outlet.goLive()
    outlet.control(pong)
    append()
    outlet.wake()
    expect(socket.writes).toEqual([pong])
    socket.accept()
    expect(socket.writes).toHaveLength(2)
  })

  test('wait in a bounded queue that reports when it is crowded and when it is empty', () => {
    const { drained, outlet, socket } = bench()
    outlet.control(pong)
    const accepted = Array.from({ length: 50 }, () => outlet.control(pong))
    expect(accepted.includes(false)).toBe(true)
    expect(outlet.isCrowded).toBe(true)
    expect(outlet.heldBytes).toBeLessThanOrEqual(200 + pong.length)
    socket.accept()
    expect(drained()).toBe(0)
    socket.accept()
    expect(drained()).toBe(1)
    expect(outlet.isCrowded).toBe(false)
  })
})

describe('a write', () => {
  const each = Object.entries(limits)
  test.each(each)('of %s ends the client after %d ms, and not before', async (path, limitMs) => {
    const { append, gaveUp, outlet, socket } = bench()
    if (path === 'control') outlet.control(pong)
    if (path === 'resume') void outlet.replay(chunks(pong))
    if (path === 'broadcast') {
      outlet.goLive()
      append()
      outlet.wake()
    }
    await settled()
    outlet.sweep(10_000)
    outlet.sweep(10_000 + limitMs - 1)
    expect(socket.isDestroyed).toBe(false)
    outlet.sweep(10_000 + limitMs)
    expect(socket.isDestroyed).toBe(true)
    outlet.sweep(20_000 + limitMs)
    expect(gaveUp).toEqual([`${path} send_timeout`])
  })

  test('that fails ends the client and is counted once', () => {
    const { closed, gaveUp, outlet, socket } = bench()
    outlet.control(pong)
    socket.accept(new Error('broken'))
    socket.emit('close')
    expect(gaveUp).toEqual(['control send_failed'])
    expect(closed).toEqual(['send_failed'])
  })

  test('that the kernel takes at once has no callback and no deadline', async () => {
    const { append, closed, log, outlet, socket } = bench()
    socket.isTaking = true
    outlet.goLive()
    append()
    outlet.wake()
    append()
    outlet.wake()
    await outlet.replay(chunks(Buffer.from('one'), Buffer.from('two')))
    outlet.close('shutdown', pong)
    const live = [0n, 1n].map((offset) => recordFrames(0, offset, Buffer.alloc(10, 1)))
    expect(socket.writes).toEqual([...live, Buffer.from('one'), Buffer.from('two'), pong])
    expect([socket.isEnded, outlet.heldBytes, log.pinnedBytes]).toEqual([true, 0, 0])
    socket.emit('close')
    expect(closed).toEqual(['shutdown'])
  })

  test('that fails at once ends the client too', () => {
    const { gaveUp, outlet, socket } = bench()
    socket.isTaking = true
    socket.errored = new Error('broken')
    outlet.control(pong)
    expect([gaveUp, socket.isDestroyed]).toEqual([['control send_failed'], true])
  })

  test('of much lets other clients have their turn, however fast the peer is', () => {
    const { append, outlet, socket } = bench()
    socket.isTaking = true
    outlet.goLive()
    for (let count = 0; count < 100; count += 1) append(100)
    outlet.wake()
    expect(socket.writes).toHaveLength(1)
  })

  test('that goes on keeps its own time, not that of the one before', () => {
    const { outlet, socket } = bench()
    outlet.control(pong)
    outlet.sweep(0)
    outlet.control(pong)
    socket.accept()
    outlet.sweep(limits.control)
    outlet.sweep(limits.control + 1)
    expect(socket.isDestroyed).toBe(false)
  })
})

async function* chunks(...bytes: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* bytes
}

describe('a replay', () => {
  test('goes in place of live records, up to the fence, and live goes on there', async () => {
    const { append, outlet, socket } = bench()
    append()
    append()
    expect([outlet.fence(), outlet.fence()]).toEqual([true, false])
    expect(outlet.placeFence(none, none)).toEqual(new Map([[0, 2n]]))
    append()
    const done = outlet.replay(chunks(Buffer.from('one'), Buffer.from('two')))
    for (let turn = 0; turn < 20; turn += 1) {
      await Promise.resolve()
      if (socket.isWaiting) socket.accept()
    }
    await done
    const replayed = [Buffer.from('one'), Buffer.from('two')]
    expect(socket.writes).toEqual(replayed)
    outlet.unfence()
    expect(socket.writes).toEqual([...replayed, recordFrames(0, 2n, Buffer.alloc(10, 1))])
  })

  test('of a client that is live ends where it stands, and nothing is passed over', async () => {
    const { append, outlet, socket } = bench()
    outlet.goLive()
    append()
    outlet.wake()
    append()
    append()
    outlet.fence()
    const taken = new Map([[0, 3n], [1, 7n]])
    expect(outlet.placeFence(taken, new Map([[0, 0n]]))).toEqual(new Map([[0, 1n], [1, 7n]]))
    await outlet.replay(chunks())
    outlet.unfence()
    socket.accept()
    const rest = [1n, 2n].map((offset) => recordFrames(0, offset, Buffer.alloc(10, 1)))
    expect(socket.writes.slice(1)).toEqual([Buffer.concat(rest)])
  })

  test('of a client that has more than it was sent here does not take it back', async () => {
    const { append, outlet, socket } = bench()
    outlet.goLive()
    outlet.fence()
    append()
    append()
    const cursors = new Map([[0, 1n]])
    expect(outlet.placeFence(none, cursors)).toEqual(new Map([[0, 2n]]))
    await outlet.replay(chunks())
    outlet.unfence()
    expect(socket.writes).toEqual([])
  })

  test('that was not the whole may be followed by another before live goes on', async () => {
    const { append, outlet, socket } = bench()
    append()
    expect(outlet.fence()).toBe(true)
    expect(outlet.placeFence(none, none)).toEqual(new Map([[0, 1n]]))
    await outlet.replay(chunks())
    append()
    expect(outlet.fence()).toBe(true)
    expect(outlet.placeFence(none, none)).toEqual(new Map([[0, 2n]]))
    await outlet.replay(chunks())
    append()
    expect(socket.writes).toEqual([])
    outlet.unfence()
    expect(socket.writes).toEqual([recordFrames(0, 2n, Buffer.alloc(10, 1))])
  })

  test('ends when the client does', async () => {
    const { closed, outlet, socket } = bench()
    outlet.fence()
    const done = outlet.replay(chunks(Buffer.from('one'), Buffer.from('two')))
    await settled()
    socket.emit('close')
    await done
    expect(socket.writes).toHaveLength(1)
    expect(closed).toEqual(['client_gone'])
  })
})

describe('closing', () => {
  test('sends the last frame after the write under way, then ends', () => {
    const { append, closed, outlet, socket } = bench()
    outlet.goLive()
    append()
    outlet.wake()
    outlet.close('shutdown', pong)
    outlet.close('send_timeout')
    append()
    socket.accept()
    expect(socket.writes.at(-1)).toEqual(pong)
    socket.accept()
    expect(socket.isEnded).toBe(true)
    socket.emit('close')
    expect(closed).toEqual(['shutdown'])
  })

  test('does not wait forever for the other side to close', () => {
    const { outlet, socket } = bench()
    outlet.close('shutdown', pong)
    socket.accept()
    outlet.sweep(0)
    outlet.sweep(60_000)
    expect(socket.isDestroyed).toBe(true)
  })

  test('without a last frame releases what it held at once', () => {
    const { append, log, outlet, socket } = bench({ bytesMax: 4_096, recordsMax: 64 })
    outlet.goLive()
    append()
    outlet.wake()
    for (let count = 0; count < 200; count += 1) append(100)
    expect(log.pinnedBytes).toBeGreaterThan(0)
    outlet.close('slow_consumer_memory')
    expect(log.pinnedBytes).toBe(0)
    expect(socket.isDestroyed).toBe(true)
  })
})
