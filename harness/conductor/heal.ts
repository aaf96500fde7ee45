/** Undoes faults that killed runs left in servers that outlive a run, newest entry first. */
import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { splitAddress } from '../../relay/tables/addresses.ts'
import type { Clock } from '../../relay/world/clock.ts'
import { takeDownLeft } from '../stack/compose-project.ts'
import { openTopics } from '../stack/topics.ts'
import { openToxiproxy } from '../stack/toxiproxy.ts'
import { isRunning } from '../world/processes.ts'
import { isTrouble } from '../world/trouble.ts'
import { messageOf } from './act.ts'
import { leftUndoLogs, type UndoEntry } from '../world/undo-log.ts'

const connectLimitMs = 2_000

/** What was undone, and what could not be, as sentences for people. */
export interface Healed {
  readonly undone: readonly string[]
  readonly left: readonly string[]
}

/**
 * Undoes every entry of the undo logs in `folder` whose owner is dead. With a server that is gone
 * its entries are gone: those of a native stack always are. A log whose entries are all cleared is
 * removed, and so is one that cannot be read, after it was reported.
 */
export async function undoLeftovers(clock: Clock, folder: string): Promise<Healed> {
  // With their containers the faults in them are gone.
  const projects = await takeDownLeft(folder, ({ file }) => rmSync(file, { force: true }))
  const undone: string[] = [...projects.undone]
  const left: string[] = [...projects.left]
  for (const { file, entries, isReadable } of leftUndoLogs(folder)) {
    const before = left.length
    for (const entry of entries.toReversed()) {
      try {
        await pay(clock, entry)
        undone.push(say(entry))
      } catch (error) {
        if (!(await isGone(clock, entry, error))) left.push(`${say(entry)}: ${messageOf(error)}`)
      }
    }
    if (left.length === before) rmSync(file, { force: true })
    if (!isReadable) {
      left.push(`${file} cannot be read, and was removed: see whether servers of yours have toxics`)
    }
  }
  return { undone, left }
}

async function pay(clock: Clock, entry: UndoEntry): Promise<void> {
  switch (entry.undo) {
    case 'remove-toxic':
      return openToxiproxy(clock, entry.api).remove(entry.link, entry.name)
    case 'enable-link':
      return openToxiproxy(clock, entry.api).setEnabled(entry.link, true)
    case 'remove-file':
      return rmSync(entry.path, { force: true })
    case 'continue-process':
      return isRunning(entry.process) ? void process.kill(entry.process.pid, 'SIGCONT') : undefined
    case 'delete-topics': {
      const topics = await openTopics(clock, entry.brokers)
      try {
        await topics.remove(entry.topics)
      } finally {
        await topics.close()
      }
    }
  }
}

const say = (entry: UndoEntry): string => {
  switch (entry.undo) {
    case 'remove-toxic':
      return `the toxic ${entry.name} on ${entry.link.name}`
    case 'enable-link':
      return `the cut of ${entry.link.name}`
    case 'remove-file':
      return `the target file ${entry.path}`
    case 'continue-process':
      return `the frozen process ${entry.process.pid}`
    case 'delete-topics':
      return `the topics ${entry.topics.join(', ')}`
  }
}

/** Whether the server that was owed something is gone, or was replaced by one without the proxy. */
async function isGone(clock: Clock, entry: UndoEntry, error: unknown): Promise<boolean> {
  if (isTrouble(error, 'toxiproxy-refused') && / 404\b/.test(error.message)) return true
  if (entry.undo === 'continue-process' || entry.undo === 'remove-file') return false
  const servers = entry.undo === 'delete-topics' ? entry.brokers : [new URL(entry.api).host]
  const refusals = await Promise.all(servers.map((server) => isRefused(clock, server)))
  return refusals.every((isRefusal) => isRefusal)
}

/** Whether nothing listens at host:port. Silence is not a refusal. */
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
