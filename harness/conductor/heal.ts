/** Mends what killed runs left broken in servers that outlive a run, newest debt first. */
import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { splitAddress } from '../../relay/tables/addresses.ts'
import type { Clock } from '../../relay/world/clock.ts'
import { openTopics } from '../stack/topics.ts'
import { openToxiproxy } from '../stack/toxiproxy.ts'
import { isRunning } from '../world/processes.ts'
import { isTrouble } from '../world/trouble.ts'
import { messageOf } from './act.ts'
import { leftDebts, type Debt } from '../world/undo-log.ts'

const connectLimitMs = 2_000

/** What was mended, and what could not be, as sentences for people. */
export interface Healed {
  readonly mended: readonly string[]
  readonly left: readonly string[]
}

/**
 * Pays every debt in `folder` whose owner is dead. A server that is gone takes its debts with it:
 * those of a native stack always are. A page whose debts are all settled is removed, and so is one
 * that cannot be read, after it was told.
 */
export async function payLeftDebts(clock: Clock, folder: string): Promise<Healed> {
  const mended: string[] = []
  const left: string[] = []
  for (const { file, debts, isReadable } of leftDebts(folder)) {
    const before = left.length
    for (const debt of debts.toReversed()) {
      try {
        await pay(clock, debt)
        mended.push(say(debt))
      } catch (error) {
        if (!(await isGone(clock, debt, error))) left.push(`${say(debt)}: ${messageOf(error)}`)
      }
    }
    if (left.length === before) rmSync(file, { force: true })
    if (!isReadable) {
      left.push(`${file} cannot be read, and was removed: see whether servers of yours have toxics`)
    }
  }
  return { mended, left }
}

async function pay(clock: Clock, debt: Debt): Promise<void> {
  switch (debt.mend) {
    case 'remove-toxic':
      return openToxiproxy(clock, debt.api).remove(debt.link, debt.name)
    case 'enable-link':
      return openToxiproxy(clock, debt.api).setEnabled(debt.link, true)
    case 'continue-process':
      return isRunning(debt.process) ? void process.kill(debt.process.pid, 'SIGCONT') : undefined
    case 'delete-topics': {
      const topics = await openTopics(clock, debt.brokers)
      try {
        await topics.remove(debt.topics)
      } finally {
        await topics.close()
      }
    }
  }
}

const say = (debt: Debt): string => {
  switch (debt.mend) {
    case 'remove-toxic':
      return `the toxic ${debt.name} on ${debt.link.name}`
    case 'enable-link':
      return `the cut of ${debt.link.name}`
    case 'continue-process':
      return `the frozen process ${debt.process.pid}`
    case 'delete-topics':
      return `the topics ${debt.topics.join(', ')}`
  }
}

/** Whether the server that was owed something is gone, or was replaced by one without the proxy. */
async function isGone(clock: Clock, debt: Debt, error: unknown): Promise<boolean> {
  if (isTrouble(error, 'toxiproxy-refused') && / 404\b/.test(error.message)) return true
  if (debt.mend === 'continue-process') return false
  const servers = debt.mend === 'delete-topics' ? debt.brokers : [new URL(debt.api).host]
  const refusals = await Promise.all(servers.map((server) => isRefused(clock, server)))
  return refusals.every((isRefusal) => isRefusal)
}

/** Whether nobody listens at host:port. Silence is no refusal. */
function isRefused(clock: Clock, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(splitAddress(address))
    const settle = (isRefusal: boolean) => {
      timer.cancel()
      socket.destroy()
      resolve(isRefusal)
    }
    const timer = clock.after(connectLimitMs, () => settle(false))
    socket.once('connect', () => settle(false))
    socket.on('error', ({ code }: NodeJS.ErrnoException) => settle(code === 'ECONNREFUSED'))
  })
}
