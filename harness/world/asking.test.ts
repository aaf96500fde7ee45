import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import { askOf } from './asking.ts'
import type { Exit, OwnedChild } from './owned-child.ts'

/** A child that answers after `tookMs` with what its clock says. */
function child(clock: ManualClock, tookMs: number, nowMs: (trueMs: number) => number) {
  let listen: (message: unknown) => void = () => undefined
  const face: Pick<OwnedChild, 'role' | 'exited' | 'tail' | 'send' | 'onMessage'> = {
    role: 'fleet',
    exited: new Promise<Exit>(() => undefined),
    tail: () => '',
    onMessage: (listener) => void (listen = listener),
    send(message) {
      const { id } = message as { id: number }
      clock.after(tookMs, () => listen({ re: id, status: 'ready', nowMs: nowMs(clock.nowMs()) }))
      return true
    },
  }
  return face as OwnedChild
}

describe('the clock of a child', () => {
  const ask = async (nowMs: (trueMs: number) => number) => {
    const clock = new ManualClock(5_000)
    const asking = askOf<{ do: 'start' }, string>(clock, child(clock, 40, nowMs))
    const answer = asking({ do: 'start' }, 1_000)
    clock.advance(40)
    return answer
  }

  test('is ours', async () => {
    await expect(ask((trueMs) => trueMs)).resolves.toBe('ready')
  })

  test.each([-60, 50, 3_600_000])('is %d ms away: nothing it says can be judged', async (off) => {
    const answer = ask((trueMs) => trueMs + off)
    await expect(answer).rejects.toThrow(/clock of the fleet.* one monotonic/s)
  })
})

test('of a child that dies, its end is known before what was asked of it fails', async () => {
  const { promise: exited, resolve: end } = Promise.withResolvers<Exit>()
  const dying: { exit?: Exit } & Pick<OwnedChild, 'exited' | 'send'> = { exited, send: () => false }
  const clock = new ManualClock()
  const all = Object.assign(child(clock, 0, Number), dying)
  const asking = askOf<{ do: 'status' }, string>(clock, all)
  const heard: string[] = []
  void exited.then(() => heard.push('its end'))
  const answer = asking({ do: 'status' }, 1_000).catch((error: Error) => heard.push(error.name))
  await new Promise(setImmediate)
  expect(heard).toEqual([])
  end({ code: null, signal: 'SIGKILL' })
  await answer
  expect(heard).toEqual(['its end', 'ChildGoneError'])
})
