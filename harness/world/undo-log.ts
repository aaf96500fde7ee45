/**
 * What is broken right now and must be undone. Every fault is written down before it is injected
 * and struck out after it is healed, so that what a killed run left broken in servers that outlive
 * it can be undone by `chaos heal`. (Processes and folders of a run are in the world's ledger.)
 */
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { identify, isRunning } from './processes.ts'

const processIdentity = z.object({ pid: z.number(), start: z.string() })

const link = z.object({
  name: z.string(),
  hop: z.enum(['kafka', 'redis', 'clients']),
  listen: z.string(),
  upstream: z.string(),
})

const entry = z.discriminatedUnion('undo', [
  z.object({ undo: z.literal('remove-toxic'), api: z.string(), link, name: z.string() }),
  z.object({ undo: z.literal('enable-link'), api: z.string(), link }),
  z.object({ undo: z.literal('remove-file'), path: z.string() }),
  z.object({ undo: z.literal('continue-process'), process: processIdentity }),
  z.object({
    undo: z.literal('delete-topics'),
    brokers: z.array(z.string()),
    topics: z.array(z.string()),
  }),
])

/** One thing to be undone. */
export type UndoEntry = z.infer<typeof entry>

export interface UndoLog {
  /** Writes down on disk what is to be undone, before it is done. Returns what clears it. */
  register(what: UndoEntry): () => void
}

const page = z.object({ owner: processIdentity, entries: z.array(entry) })
const prefix = 'undo-'

/** Opens this process's page in `folder`; the page is removed once nothing is to be undone. */
export function openUndoLog(folder: string): UndoLog {
  const owner = identify(process.pid)
  const file = join(folder, `${prefix}${process.pid}.json`)
  const open = new Set<UndoEntry>()
  const save = () => {
    mkdirSync(folder, { recursive: true })
    if (open.size === 0) rmSync(file, { force: true })
    else replace(file, JSON.stringify({ owner, entries: [...open] }))
  }
  return {
    register(what) {
      open.add(what)
      save()
      return () => {
        open.delete(what)
        save()
      }
    },
  }
}

/** Atomic: a reader of the page of a running harness sees the old or the new one, never half. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

/** A log that a dead run left behind: its entries in the order they were made. */
export interface LeftUndoLog {
  readonly file: string
  readonly entries: readonly UndoEntry[]
  /** Whether the page could be read; if not, its entries are unknown. */
  readonly isReadable: boolean
}

/** The pages in `folder` whose owner no longer runs, and those that cannot be read. */
export function leftUndoLogs(folder: string): readonly LeftUndoLog[] {
  return pageNames(folder).flatMap((name): LeftUndoLog[] => {
    const file = join(folder, name)
    const text = textOf(file)
    if (text === undefined) return []
    const read = page.safeParse(parse(text))
    if (!read.success) return [{ file, entries: [], isReadable: false }]
    return isRunning(read.data.owner)
      ? []
      : [{ file, entries: read.data.entries, isReadable: true }]
  })
}

/** A page that its owner has just removed holds no entries any more. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function pageNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith(prefix) && name.endsWith('.json'))
  } catch {
    return []
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
