/** Who ends a connection is decided by who began. */
import { describe, expect, it, vi } from 'vitest'
import { hungUpPorts } from '../wire/kernel-queues.ts'
import { shakeHands } from '../wire/raw-server-testbed.ts'
import { byText, fleetTestbed, howItEnded } from './fleet-testbed.ts'

const { perform, rawServer, connect, events } = fleetTestbed('leaving')
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 8_000 })

describe('leaving', () => {
  it('politely does not wait forever for an answer', async () => {
    const { url } = await rawServer(shakeHands)
    await connect(url)
    await perform({ do: 'disconnect', group: 'g', how: 'close' })
    const says = 'no answer to our close frame'
    expect(howItEnded(events('closed')[0]!)).toEqual([1_006, says, 'client'])
  })

  it.each([
    ['hangs up without a word', 'fin', [1_006, 'end of stream after our goodbye', 'client']],
    ['resets the connection', 'rst', [1_006, 'ECONNRESET after our goodbye', 'client']],
    ['repeats our code', '880203e8', [1_000, '', 'client']],
    ['answers without a code', '8800', [1_005, '', 'client']],
    ['has a reason of its own', '88020fa8', [4_008, '', 'relay']],
  ])('is begun by the client where the relay only %s', async (_, answer, closed) => {
    const { url, sockets } = await rawServer(shakeHands)
    await connect(url)
    sockets[0]!.once('data', () => {
      if (answer === 'fin') sockets[0]!.end()
      else if (answer === 'rst') sockets[0]!.resetAndDestroy()
      else sockets[0]!.write(Buffer.from(answer, 'hex'))
    })
    await perform({ do: 'disconnect', group: 'g', how: 'close' })
    expect(events('closed').map(howItEnded)).toEqual([closed])
  })

  it('by chance is one way or the other, and is followed by a return', async () => {
    const { url } = await rawServer(shakeHands)
    await connect(url, { reconnects: true, leavesEveryMs: 250 }, 6)
    await until(() => expect(events('opened').length).toBeGreaterThan(12))
    expect(events('closed').every(({ by }) => by === 'client')).toBe(true)
    expect(events('opened').length).toBeLessThanOrEqual(events('closed').length + 6)
  })

  it('is not begun by a client on which the relay has just hung up', async () => {
    const { url, sockets } = await rawServer(shakeHands)
    await connect(url, {}, 2)
    sockets[0]!.end(Buffer.from('880203e9', 'hex'))
    sockets[1]!.end()
    await perform({ do: 'disconnect', group: 'g', how: 'close' })
    expect(events('closed').map(howItEnded).sort(byText)).toEqual([
      [1_001, '', 'relay'],
      [1_006, 'end of stream', 'relay'],
    ])
  })

  it('is not begun by a client that did not read that the relay hung up', async () => {
    const { url, sockets } = await rawServer(shakeHands)
    await connect(url)
    await perform({ do: 'reading', group: 'g', isStalled: true })
    sockets[0]!.end()
    await until(async () => expect((await hungUpPorts()).has(sockets[0]!.remotePort!)).toBe(true))
    await perform({ do: 'disconnect', group: 'g', how: 'close' })
    expect(howItEnded(events('closed')[0]!)).toEqual([1_006, 'end of stream, unread', 'relay'])
  })
})
