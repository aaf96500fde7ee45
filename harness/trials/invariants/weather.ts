/**
 * What happens to a relay during a storm: one trouble after another, each of them over before the
 * next begins, so that what a trouble may cost can be told from what it may not.
 */
import { connect } from 'node:net'
import { sleep, type Clock } from '../../../relay/world/clock.ts'
import { withDeadline } from '../../../relay/world/deadline.ts'
import type { RelayProcess } from '../../targets/target.ts'
import { kafkaClient } from '../../stack/kafka.ts'
import type { Link, Stack } from '../../stack/stack.ts'
import { openToxiproxy, type ToxicSpec } from '../../stack/toxiproxy.ts'
import type { Dice } from '../../world/dice.ts'

export const troubles = [
  'calm',
  'redis cut',
  'redis swallows',
  'redis slow',
  'redis emptied',
  'kafka cut',
  'kafka swallows',
  'kafka slow',
  'rebalance',
  'terminated',
  'killed',
  'frozen',
] as const
export type Trouble = (typeof troubles)[number]

/** Troubles that concern the replay buffer only: live delivery may not even notice. */
export const isOfRedis = (trouble: Trouble): boolean => trouble.startsWith('redis')

export interface WeatherNeeds {
  readonly clock: Clock
  readonly dice: Dice
  readonly stack: Stack
  readonly topic: string
  readonly groupId: string
  readonly relay: RelayProcess
  /** Told how a relay ended that was asked to. */
  onTerminated(code: number | null, tookMs: number): void
}

const troubleMs = { least: 300, spread: 2_000 } as const
const slowMs = 200
const exitLimitMs = 20_000
const startLimitMs = 40_000
const rivalLimitMs = 20_000

export class Weather {
  readonly #needs: WeatherNeeds

  constructor(needs: WeatherNeeds) {
    this.#needs = needs
  }

  /** Makes the trouble, keeps it up for a while, and undoes it. */
  async pass(trouble: Trouble): Promise<void> {
    if (trouble === 'calm') return this.#wait()
    if (trouble === 'rebalance') return this.#rebalance()
    if (trouble === 'redis emptied') return this.#empty()
    if (trouble === 'terminated') return this.#restart('SIGTERM')
    if (trouble === 'killed') return this.#restart('SIGKILL')
    if (trouble === 'frozen') return this.#freeze()
    const [hop, how] = trouble.split(' ') as ['redis' | 'kafka', 'cut' | 'swallows' | 'slow']
    await this.#break(this.#link(hop), how)
  }

  #wait(): Promise<void> {
    const { clock, dice } = this.#needs
    return sleep(clock, troubleMs.least + dice.int(troubleMs.spread))
  }

  #link(hop: 'redis' | 'kafka'): Link {
    return this.#needs.stack.links.find((link) => link.hop === hop)!
  }

  async #break(link: Link, how: 'cut' | 'swallows' | 'slow'): Promise<void> {
    const { clock, stack } = this.#needs
    const control = openToxiproxy(clock, stack.toxiproxy)
    if (how === 'cut') {
      await control.setEnabled(link, false)
      await this.#wait()
      return control.setEnabled(link, true)
    }
    const toxics = (['upstream', 'downstream'] as const).map((stream) => toxicOf(how, stream))
    for (const toxic of toxics) await control.add(link, toxic)
    await this.#wait()
    for (const { name } of toxics) await control.remove(link, name)
  }

  async #empty(): Promise<void> {
    const { clock, stack } = this.#needs
    const { hostname, port } = new URL(stack.redisDirect)
    const socket = connect({ host: hostname, port: Number(port) })
    const answered = new Promise<void>((resolve, reject) => {
      socket.once('error', reject).once('data', () => resolve())
    })
    socket.write('FLUSHALL\r\n')
    try {
      await withDeadline(clock, exitLimitMs, 'emptying Redis', () => answered)
    } finally {
      socket.destroy()
    }
    await this.#wait()
  }

  async #rebalance(): Promise<void> {
    const { clock, groupId, stack, topic } = this.#needs
    const consumer = kafkaClient('storm-rival', stack.kafkaDirect).consumer({
      groupId,
      heartbeatInterval: 500,
    })
    const joined = new Promise<void>((resolve) => {
      consumer.on(consumer.events.GROUP_JOIN, () => resolve())
    })
    try {
      await consumer.connect()
      await consumer.subscribe({ topic })
      // It reads, and commits nothing: what it held comes back to the relay as it was.
      await consumer.run({ autoCommit: false, eachMessage: async () => undefined })
      await withDeadline(clock, rivalLimitMs, 'a rival joining the group', () => joined)
      await this.#wait()
    } finally {
      await consumer.disconnect()
    }
  }

  async #restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { clock, relay } = this.#needs
    const startedMs = clock.nowMs()
    const { code } = await relay.kill(signal, exitLimitMs)
    if (signal === 'SIGTERM') this.#needs.onTerminated(code, clock.nowMs() - startedMs)
    await relay.start(startLimitMs)
  }

  async #freeze(): Promise<void> {
    const { relay } = this.#needs
    relay.send('SIGSTOP')
    try {
      await this.#wait()
    } finally {
      relay.send('SIGCONT')
    }
  }
}

function toxicOf(how: 'swallows' | 'slow', stream: ToxicSpec['stream']): ToxicSpec {
  const name = `${how}-${stream}`
  if (how === 'swallows') return { name, type: 'timeout', stream, attributes: { timeout: 0 } }
  return { name, type: 'latency', stream, attributes: { latency: slowMs, jitter: 0 } }
}
