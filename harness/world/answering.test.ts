import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import { answerCommands, type Answering } from './answering.ts'
import { askOf } from './asking.ts'
import type { Exit, OwnedChild } from './owned-child.ts'

type Command = { readonly do: 'add'; readonly more: number } | { readonly do: 'fail' | 'finish' }

/** A child that adds numbers, with both ends of its channel in this process. */
function adder() {
  const clock = new ManualClock()
  const inside = new EventEmitter()
  const outside = new EventEmitter()
  const did: string[] = []
  const self = Object.assign(inside, {
    connected: true,
    send(message: object, isSent: () => void) {
      outside.emit('message', structuredClone(message))
      isSent()
    },
    exit: (code: number) => void did.push(`exit ${code}`),
  })
  let sum = 0
  const perform = async (command: Command) => {
    if (command.do === 'fail') throw new Error('cannot add that')
    if (command.do === 'add') sum += command.more
    return { sum }
  }
  answerCommands({ clock, self: self as unknown as Answering }, perform, () => did.push('leave'))
  const child: Pick<OwnedChild, 'role' | 'exited' | 'tail' | 'send' | 'onMessage'> = {
    role: 'adder',
    exited: new Promise<Exit>(() => undefined),
    tail: () => '',
    send: (message) => inside.emit('message', structuredClone(message)),
    onMessage: (listener) => void outside.on('message', listener),
  }
  const ask = askOf<Command, { readonly sum: number }>(clock, child as OwnedChild)
  return { ask, self, did }
}

describe('a child that answers', () => {
  test('answers each command to its caller, also several at the same time', async () => {
    const { ask, did } = adder()
    const answers = [1, 2, 3].map((more) => ask({ do: 'add', more }, 100))
    expect((await Promise.all(answers)).map(({ sum }) => sum)).toEqual([1, 3, 6])
    expect(did).toEqual([])
  })

  test('answers with what was wrong, and goes on', async () => {
    const { ask } = adder()
    await expect(ask({ do: 'fail' }, 100)).rejects.toThrow('cannot add that')
    await expect(ask({ do: 'add', more: 1 }, 100)).resolves.toEqual({ sum: 1 })
  })

  test('ends when its last answer is sent, without leaving early', async () => {
    const { ask, did } = adder()
    await ask({ do: 'finish' }, 100)
    expect(did).toEqual(['exit 0'])
  })

  test.each(['disconnect', 'SIGTERM'])('on %s saves what it has, and ends', (event) => {
    const { self, did } = adder()
    self.emit(event)
    expect(did).toEqual(['leave', 'exit 0'])
  })

  test('survives Ctrl-C, which is the conductor’s to take', () => {
    const { self, did } = adder()
    expect(self.emit('SIGINT')).toBe(true)
    expect(did).toEqual([])
  })

  test('says nothing into a channel that is gone', async () => {
    const { self, ask, did } = adder()
    self.connected = false
    self.send = () => did.push('sent')
    void ask({ do: 'add', more: 1 }, 100)
    await new Promise(setImmediate)
    expect(did).toEqual([])
  })
})
