/**
 * Bytes that the kernel has received and this process has not read yet. No counter in the process
 * shows them, and they are the delay that a busy reader adds to everything it measures.
 */
import { readFile } from 'node:fs/promises'

const tables = ['/proc/net/tcp', '/proc/net/tcp6']

/** Unread bytes by local port, of all TCP sockets of this machine; empty where it can't tell. */
export async function unreadBytesByPort(): Promise<ReadonlyMap<number, number>> {
  const unread = new Map<number, number>()
  for (const table of tables) {
    const text = await readFile(table, 'latin1').catch(() => '')
    for (const [port, bytes] of unreadIn(text)) unread.set(port, (unread.get(port) ?? 0) + bytes)
  }
  return unread
}

/** Local ports of connections whose other side has hung up, whether or not that was read. */
export async function hungUpPorts(): Promise<ReadonlySet<number>> {
  const ports = new Set<number>()
  for (const table of tables) {
    const text = await readFile(table, 'latin1').catch(() => '')
    for (const port of hungUpIn(text)) ports.add(port)
  }
  return ports
}

/** Local ports in the state CLOSE_WAIT. */
export function* hungUpIn(table: string): Generator<number> {
  const row = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 08 /gm
  for (const [, port = ''] of table.matchAll(row)) yield Number.parseInt(port, 16)
}

/** The rows of a table of the kernel that have unread bytes: local port and bytes. */
export function* unreadIn(table: string): Generator<readonly [port: number, bytes: number]> {
  const row = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 01 [0-9A-F]+:([0-9A-F]+)/gm
  for (const [, port = '', bytes = ''] of table.matchAll(row)) {
    if (/[^0]/.test(bytes)) yield [Number.parseInt(port, 16), Number.parseInt(bytes, 16)]
  }
}
