/**
 * Finds the process behind a port. A command that starts a relay is often not the relay itself but
 * a wrapper around it (a shell, `npm run`, `cargo run`): what is measured, killed or frozen must be
 * the process that has the sockets.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { ownedBy } from './processes.ts'

/** TCP_LISTEN in the fourth column of /proc/net/tcp. */
const listening = '0A'

/** The process of `owner` that listens on `port`; undefined where none is found (or no Linux). */
export function listenerOn(port: number, owner: string): number | undefined {
  if (process.platform !== 'linux') return undefined
  const tables = ['/proc/net/tcp', '/proc/net/tcp6']
  const inodes = tables.flatMap((file) => inodesIn(file, port))
  const sockets = new Set(inodes.map((inode) => `socket:[${inode}]`))
  return ownedBy(owner).find(({ pid }) => filesOf(pid).some((file) => sockets.has(file)))?.pid
}

/** Columns: slot, local address (hex, port behind the colon), remote, state, …, the tenth inode. */
function inodesIn(file: string, port: number): string[] {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = orEmpty(() => readFileSync(file, 'utf8').split('\n').slice(1))
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((cells) => cells[1]?.endsWith(ending) === true && cells[3] === listening)
    .flatMap((cells) => cells[9] ?? [])
}

function filesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return orEmpty(() => readdirSync(folder)).flatMap((fd) =>
    orEmpty(() => [readlinkSync(`${folder}/${fd}`)]),
  )
}

/** A process that ended meanwhile, or that belongs to another user, has nothing. */
function orEmpty(read: () => string[]): string[] {
  try {
    return read()
  } catch {
    return []
  }
}
