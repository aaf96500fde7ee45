/**
 * The world: everything outside that a harness process owns while it runs. It owns children and
 * folders through a ledger and a warden, so that they end with it, however it ends.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../relay/world/clock.ts'
import type { OwnedChild } from './owned-child.ts'
import { childEnvironment } from './environment.ts'
import {
  ledgerFolder,
  remove,
  sweepLedger,
  sweepLeftovers,
  writeLedger,
  type LedgerChild,
  type Swept,
} from './ledger.ts'
import { stateFolder } from './places.ts'
import { identify } from './processes.ts'

export interface World {
  readonly clock: Clock
  /** Unique on this machine; every child carries it as its owner. */
  readonly mark: string
  /** What an earlier, killed harness had left and was cleaned up at this start. */
  readonly swept: Swept
  /** Makes a folder that is removed with the world. `name` begins its name. */
  makeFolder(name: string): string
  /** Removes a folder made by `makeFolder` earlier than the world's end. */
  removeFolder(folder: string): void
  /** For `startChild` only: puts a child into the ledger, takes it out again. */
  adopt(child: OwnedChild, entry: LedgerChild): void
  release(entry: LedgerChild): void
  /** Ends all children, removes all folders, lets the warden go. Idempotent, bounded. */
  close(): Promise<void>
}

/** How long a child may take to end on SIGTERM when the world closes. */
const closeGraceMs = 5_000

/**
 * Opens the world of this process; sweeps first what killed ones left behind.
 *
 * @param state folder for ledgers and data; tests take one of their own
 */
export async function openWorld(clock: Clock, state: string = stateFolder): Promise<World> {
  const swept = await sweepLeftovers(clock, state)
  const owner = identify(process.pid)
  if (owner === undefined) throw new Error(`process ${process.pid} cannot find itself`)
  const { file, mark } = freshLedger(state, owner.pid)
  const children = new Map<number, { child: OwnedChild; entry: LedgerChild }>()
  const folders = new Set<string>()
  const save = () =>
    writeLedger(file, {
      owner,
      mark,
      children: [...children.values()].map(({ entry }) => entry),
      folders: [...folders],
    })
  save()
  const dismissWarden = startWarden(file)
  let closing: Promise<void> | undefined
  const close = async () => {
    await Promise.all([...children.values()].map(({ child }) => child.stop(closeGraceMs)))
    await sweepLedger(clock, file)
    dismissWarden()
  }
  return {
    clock,
    mark,
    swept,
    makeFolder(name) {
      mkdirSync(state, { recursive: true })
      const folder = mkdtempSync(join(state, `${name}-`))
      folders.add(folder)
      save()
      return folder
    },
    removeFolder(folder) {
      if (folders.delete(folder)) remove(folder)
      save()
    },
    adopt(child, entry) {
      children.set(entry.pid, { child, entry })
      save()
    },
    release(entry) {
      if (children.delete(entry.pid) && closing === undefined) save()
    },
    close: () => (closing ??= close()),
  }
}

/** A name that no ledger of this process has yet. */
function freshLedger(state: string, pid: number): { file: string; mark: string } {
  for (let n = 1; ; n++) {
    const mark = `${pid}-${process.hrtime.bigint()}-${n}`
    const file = join(ledgerFolder(state), `${mark}.json`)
    if (!existsSync(file)) return { file, mark }
  }
}

/** Starts the warden. Its standard input ends when we let it go, and also when we are killed. */
function startWarden(ledger: string): () => void {
  const warden = spawn(process.execPath, [join(import.meta.dirname, 'warden.ts'), ledger], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: childEnvironment({}),
    cwd: '/',
  })
  // A warden that cannot start costs only the promptness: the next start sweeps all the same.
  warden.on('error', () => undefined)
  warden.stdin.on('error', () => undefined)
  warden.unref()
  const pipe = warden.stdin as unknown as { unref?: () => void }
  pipe.unref?.()
  return () => warden.stdin.end()
}
