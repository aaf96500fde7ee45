/**
 * Another Redis takes over the address, as in a failover behind a load balancer: open connections
 * stay with the old server, now a replica that refuses writes, until the client reconnects.
 */
import { connect, type Socket } from 'node:net'
import { z } from 'zod'
import { splitAddress } from '../../relay/tables/addresses.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import type { Link } from '../stack/stack.ts'
import { defineFault, type FaultContext } from './fault.ts'
import { until } from '../world/until.ts'
import { measureBefore, probeMs, proveHealed } from './link-proof.ts'

const activeLimitMs = 5_000
const askEveryMs = 50
/** The connection that shows how the old server answers. */
const ours = 1
/** Gone in a millisecond: who looks through all keys must not find it. */
const write = 'SET chaos-failover 1 PX 1\r\n'

export const failover = defineFault({
  spec: z.strictObject({ fault: z.literal('failover'), hop: z.literal('redis') }),
  effects: () => ({ on: 'redis', does: ['replaces-server'] }),
  draw: () => ({ fault: 'failover', hop: 'redis' }) as const,
  says: () =>
    'another Redis takes over; open connections stay with the old one, now a read-only replica',
  async inject(_, context) {
    if (context.failOverRedis === undefined) {
      throw new Error('this fault needs a Redis that the harness starts; leave out --stack')
    }
    const link = context.link({ hop: 'redis' })
    await measureBefore(link, context)
    const stands = connect(splitAddress(link.listen)).on('error', () => undefined)
    try {
      const granted = await asked(context, stands, write)
      if (!isGranted(granted)) throw new Error(`Redis must accept writes; it answered ${granted}`)
      const demoted = await context.failOverRedis()
      const connectionsStayed = demoted.connectionsStayed - ours
      return {
        measure: () => measureEffect(context, link, stands, connectionsStayed),
        async heal() {
          const left = await demoted.connections().catch(() => undefined)
          const connectionsLeft = left === undefined ? null : left - ours
          stands.destroy()
          await demoted.end()
          return { connectionsLeft, ...(await proveHealed(link, context)) }
        },
      }
    } catch (error) {
      stands.destroy()
      throw error
    }
  },
})

const isGranted = (answer: string) => answer.startsWith('+OK')

/** Both are required: the old server refuses open connections, and the new one takes writes. */
async function measureEffect(
  context: FaultContext,
  link: Link,
  stands: Socket,
  connectionsStayed: number,
) {
  const ask = async () => ({
    open: await asked(context, stands, write),
    reconnected: await askedByNewConnection(context, link),
  })
  const { holds, answer } = await until(context, activeLimitMs, askEveryMs, ask, (found) => {
    return found.open.startsWith('-READONLY') && isGranted(found.reconnected)
  })
  // A relay that had no connection lost nothing.
  return { isActive: holds && connectionsStayed > 0, evidence: { ...answer, connectionsStayed } }
}

async function askedByNewConnection(context: FaultContext, link: Link): Promise<string> {
  const socket = connect(splitAddress(link.listen)).on('error', () => undefined)
  try {
    return await asked(context, socket, write)
  } finally {
    socket.destroy()
  }
}

/** The first line of the answer, or why there is none. */
async function asked({ clock }: FaultContext, socket: Socket, question: string): Promise<string> {
  const answer = Promise.withResolvers<string>()
  const onData = (chunk: Buffer) => answer.resolve(String(chunk).split('\r\n')[0] ?? '')
  const onClose = () => answer.resolve('nothing: the connection was closed')
  socket.once('data', onData).once('close', onClose)
  socket.write(question)
  try {
    return await withDeadline(clock, probeMs, 'an answer of Redis', () => answer.promise)
  } catch (error) {
    return `nothing: ${(error as Error).message}`
  } finally {
    socket.off('data', onData).off('close', onClose)
  }
}
