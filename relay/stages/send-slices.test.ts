/** A kernel takes megabytes at once: many clients that catch up share the turns of the loop. */
import { describe, expect, test } from 'vitest'
import { settled } from '../world/manual-clock-testbed.ts'
import { bench } from './send-testbed.ts'

describe('a client that takes large writes at once', () => {
  test('goes on in another slice when this one is over, and only once', async () => {
    const waiting: (() => void)[] = []
    const slices = {
      isOver: true,
      next: () => new Promise<void>((settle) => waiting.push(settle)),
    }
    const { append, outlet, socket } = bench(undefined, slices)
    outlet.goLive()
    for (let count = 0; count < 10; count += 1) append(3_000)
    outlet.wake()
    socket.accept()
    expect([socket.writes.length, waiting.length]).toEqual([1, 1])
    outlet.wake()
    socket.accept()
    expect([socket.writes.length, waiting.length]).toEqual([2, 1])
    for (let turns = 0; turns < 20; turns += 1) {
      waiting.pop()?.()
      await settled()
      socket.accept()
    }
    expect(socket.writes.length).toBe(10)
  })

  test('goes on at once while the slice lasts', () => {
    const { append, outlet, socket } = bench()
    outlet.goLive()
    for (let count = 0; count < 3; count += 1) append(3_000)
    outlet.wake()
    socket.accept()
    socket.accept()
    expect(socket.writes.length).toBe(3)
  })
})
