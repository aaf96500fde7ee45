/**
 * What is broken right now and must be mended. Every fault is written down before it is injected
 * and struck out after it is healed, so that what a killed run left broken in servers that outlive
 * it can be mended by `chaos heal`. (Processes and folders of a run are in the world's ledger.)
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { identify, isRunning } from '../world/processes.ts'

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
    else writeFileSync(file, JSON.stringify({ owner, debts: [...open] }))
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

/** A page that a dead run left behind: its debts in the order they were made. */
export interface LeftDebts {
  readonly file: string
  readonly debts: readonly Debt[]
}

/** The pages in `folder` whose owner no longer runs. An unreadable page has no debts. */
export function leftDebts(folder: string): readonly LeftDebts[] {
  return pageNames(folder).flatMap((name) => {
    const file = join(folder, name)
    const read = page.safeParse(parse(readFileSync(file, 'utf8')))
    if (!read.success) return [{ file, debts: [] }]
    return isRunning(read.data.owner) ? [] : [{ file, debts: read.data.debts }]
  })
}

function pageNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith(prefix))
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
