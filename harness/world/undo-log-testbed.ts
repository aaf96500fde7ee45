/** Undo logs for tests: entries, and logs as killed runs leave them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { UndoEntry } from './undo-log.ts'

const addresses = { listen: '127.0.0.1:2', upstream: '127.0.0.1:3' }
export const link = { name: 'redis', hop: 'redis', ...addresses } as const
/** An API at which nothing listens. */
export const gone = 'http://127.0.0.1:1'
export const toxic = { undo: 'remove-toxic', api: gone, link, name: 'stall' } as const
export const topics: UndoEntry = {
  undo: 'delete-topics',
  brokers: ['127.0.0.1:1'],
  topics: ['a', 'b'],
}

/** An undo log as a killed run leaves it in `folder`; its file. */
export function leaveLog(folder: string, name: string, entries: readonly UndoEntry[]): string {
  const file = join(folder, `undo-${name}.json`)
  writeFileSync(file, JSON.stringify({ owner: { pid: process.pid, start: 'yesterday' }, entries }))
  return file
}
