/**
 * The file of pinned schemas, replaced as a whole: after any crash it holds one complete state. A
 * file that is not valid is moved aside, never overwritten.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { entryFrom, type SchemaEntry } from './entry.ts'

export type Entries = ReadonlyMap<string, SchemaEntry>

/** The entries, and where an invalid file was moved. */
export interface Found {
  readonly entries: Entries
  readonly movedTo?: string
}

const fileBytesMax = 256 * 1_024 * 1_024
/** A temporary file of this age belongs to a process that was killed while writing it. */
const leftoverMs = 3_600_000

/**
 * Reads the state. A missing file is an empty state.
 *
 * @throws Error of the file system, or when it is not a regular file: the state is unknown then
 */
export async function readSchemas(file: string, nowMs: number): Promise<Found> {
  const text = await textOf(file)
  if (text === undefined) return { entries: new Map() }
  const entries = entriesOf(text)
  if (entries !== undefined) return { entries }
  const movedTo = `${file}.corrupt-${Math.trunc(nowMs)}-${randomUUID()}`
  await rename(file, movedTo)
  return { entries: new Map(), movedTo }
}

/**
 * Replaces the state; when it settles, the state is on disk.
 *
 * @throws Error of the file system, or the signal's reason: the old state is on disk then
 */
export async function writeSchemas(
  file: string,
  entries: Entries,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  // A symbolic link stays a link: it may point to a persistent disk.
  const target = await realpath(file).catch(() => file)
  const unfinished = `${target}.${randomUUID()}.tmp`
  try {
    await writeWhole(unfinished, JSON.stringify(Object.fromEntries(entries), null, 2), signal)
    signal.throwIfAborted()
    await rename(unfinished, target)
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined)
    throw error
  }
  await syncFolder(dirname(target))
}

/** Removes temporary files of killed processes. Never throws. */
export async function removeLeftovers(file: string, nowMs: number): Promise<void> {
  const folder = dirname(file)
  const own = (name: string) => name.startsWith(`${basename(file)}.`) && name.endsWith('.tmp')
  const names = await readdir(folder).catch(() => [])
  for (const path of names.filter(own).map((name) => join(folder, name))) {
    const found = await stat(path).catch(() => undefined)
    if (found === undefined || nowMs - found.mtimeMs < leftoverMs) continue
    await rm(path, { force: true }).catch(() => undefined)
  }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    // Checked before it is opened: opening a pipe waits for its other end.
    const found = await stat(file)
    if (!found.isFile() || found.size > fileBytesMax) {
      throw new Error(`${file}: wanted a file of at most ${fileBytesMax} bytes`)
    }
    const handle = await open(file)
    try {
      return await handle.readFile('utf8')
    } finally {
      await handle.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function entriesOf(text: string): Entries | undefined {
  let stored: unknown
  try {
    stored = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return undefined
  const entries = new Map<string, SchemaEntry>()
  for (const [name, value] of Object.entries(stored)) {
    const entry = entryFrom(name, value)
    if (entry === undefined) return undefined
    entries.set(name, entry)
  }
  return entries
}

async function writeWhole(path: string, text: string, signal: AbortSignal): Promise<void> {
  const handle = await open(path, 'wx')
  try {
    await handle.writeFile(text, { signal })
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
