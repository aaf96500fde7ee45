/**
 * The ledger: what a harness process has started and made, on disk while it lasts. When a harness
 * is dead, its warden (immediately) or the next start ends and removes what its ledger lists, so
 * that nothing of a run survives it, not even after SIGKILL.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../relay/world/clock.ts'
import { stateFolder } from './places.ts'
import { endProcesses, isRunning, ownedBy, type ProcessIdentity } from './processes.ts'

/** A child in the ledger: who it is and what it was for. */
export interface LedgerChild extends ProcessIdentity {
  readonly role: string
}
export interface LedgerEntries {
  /** The harness process; while it runs, no other process touches its ledger. */
  readonly owner: ProcessIdentity
  /** What its children carry as their owner. */
  readonly mark: string
  readonly children: readonly LedgerChild[]
  /** Folders that this harness made, and that hold nothing worth keeping. */
  readonly folders: readonly string[]
}

/** What a sweep found and did, for people. */
export interface Swept {
  readonly ended: readonly string[]
  readonly removed: readonly string[]
  /** What could not be ended or removed, with the reason. */
  readonly left: readonly string[]
}

/** How long a leftover may take to end on SIGTERM. There is nothing in it worth waiting for. */
const graceMs = 1_000

/** Where the ledgers of a state folder are. */
export function ledgerFolder(state: string = stateFolder): string {
  return join(state, 'ledger')
}

/** Replaces the ledger on disk in one step: a reader sees the old or the new one, never half. */
export function writeLedger(file: string, entries: LedgerEntries): void {
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(`${file}.new`, JSON.stringify(entries, undefined, 2))
  renameSync(`${file}.new`, file)
}

/**
 * Ends and removes everything in one ledger, then the ledger. The caller knows that its owner is
 * dead. Doing it twice, or in two processes at the same time, is harmless.
 */
export async function sweepLedger(clock: Clock, file: string): Promise<Swept> {
  const entries = readLedger(file)
  if (entries === undefined) return { ended: [], removed: [], left: [] }
  const listed = entries.children.filter(isRunning)
  const known = new Set(listed.map(({ pid }) => pid))
  const strays = ownedBy(entries.mark)
    .filter(({ pid }) => !known.has(pid))
    .map(({ pid, start }) => ({ pid, start, role: 'descendant' }))
  const all: LedgerChild[] = [...listed, ...strays]
  const survivors = new Set((await endProcesses(clock, all, graceMs)).map(({ pid }) => pid))
  const folders = entries.folders.map((folder) => ({ folder, failure: remove(folder) }))
  const left = [
    ...all.filter(({ pid }) => survivors.has(pid)).map((one) => `${one.role} (process ${one.pid})`),
    ...folders.flatMap(({ folder, failure }) => (failure ? [`${folder}: ${failure}`] : [])),
  ]
  if (left.length === 0) rmSync(file, { force: true })
  return {
    ended: all.filter(({ pid }) => !survivors.has(pid)).map((one) => `${one.role} (${one.pid})`),
    removed: folders.filter(({ failure }) => failure === undefined).map(({ folder }) => folder),
    left,
  }
}

/** Ledgers whose owner is dead. */
export function orphanedLedgers(state: string = stateFolder): string[] {
  const folder = ledgerFolder(state)
  return list(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(folder, name))
    .filter((file) => {
      const entries = readLedger(file)
      return entries !== undefined && !isRunning(entries.owner)
    })
}

/** Cleans up after every dead harness of this checkout. Used at every start and by `heal`. */
export async function sweepLeftovers(clock: Clock, state: string = stateFolder): Promise<Swept> {
  const swept = await Promise.all(orphanedLedgers(state).map((file) => sweepLedger(clock, file)))
  return {
    ended: swept.flatMap(({ ended }) => ended),
    removed: swept.flatMap(({ removed }) => removed),
    left: swept.flatMap(({ left }) => left),
  }
}

function readLedger(file: string): LedgerEntries | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LedgerEntries
  } catch {
    // Swept by another process, or not a ledger.
    return undefined
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Removes a folder; the reason where it could not. */
export function remove(folder: string): string | undefined {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
