/**
 * What is broken right now and must be mended. Every fault is written down before it is injected
 * and struck out after it is healed, so that what a killed run left broken in servers that outlive
 * it can be mended by `chaos heal`. (Processes and folders of a run are in the world's ledger.)
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

const debt = z.discriminatedUnion('mend', [
  z.object({ mend: z.literal('remove-toxic'), api: z.string(), link, name: z.string() }),
  z.object({ mend: z.literal('enable-link'), api: z.string(), link }),
  z.object({ mend: z.literal('continue-process'), process: processIdentity }),
  z.object({
    mend: z.literal('delete-topics'),
    brokers: z.array(z.string()),
    topics: z.array(z.string()),
  }),
])

/** One thing that is owed to the world. */
export type Debt = z.infer<typeof debt>

export interface Debts {
  /** Writes a debt down, on disk, before it is made. Returns what strikes it out. */
  owe(owed: Debt): () => void
}

const page = z.object({ owner: processIdentity, debts: z.array(debt) })
const prefix = 'debts-'

/** Opens this process's page in `folder`; the page is removed once nothing is owed. */
export function openDebts(folder: string): Debts {
  const owner = identify(process.pid)
  const file = join(folder, `${prefix}${process.pid}.json`)
  const open = new Set<Debt>()
  const save = () => {
    mkdirSync(folder, { recursive: true })
    if (open.size === 0) rmSync(file, { force: true })
    else replace(file, JSON.stringify({ owner, debts: [...open] }))
  }
  return {
    owe(owed) {
      open.add(owed)
      save()
      return () => {
        open.delete(owed)
        save()
      }
    },
  }
}

/** In one step: whoever reads the page of a living run sees the old or the new one, never half. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

/** A page that a dead run left behind: its debts in the order they were made. */
export interface LeftDebts {
  readonly file: string
  readonly debts: readonly Debt[]
  /** Whether the page could be read; if not, nobody knows what is owed. */
  readonly isReadable: boolean
}

/** The pages in `folder` whose owner no longer runs, and those that cannot be read. */
export function leftDebts(folder: string): readonly LeftDebts[] {
  return pageNames(folder).flatMap((name): LeftDebts[] => {
    const file = join(folder, name)
    const text = textOf(file)
    if (text === undefined) return []
    const read = page.safeParse(parse(text))
    if (!read.success) return [{ file, debts: [], isReadable: false }]
    return isRunning(read.data.owner) ? [] : [{ file, debts: read.data.debts, isReadable: true }]
  })
}

/** A page that its owner has just removed holds no debts any more. */
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
