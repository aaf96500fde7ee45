/**
 * The ledger of what is broken right now. Every fault is written down before it is injected and
 * struck out after it is healed, so that what a killed run left behind can be undone by the next
 * start or by `chaos heal`.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const debt = z.discriminatedUnion('undo', [
  z.object({ undo: z.literal('remove-toxic'), api: z.string(), link: z.string(), name: z.string() }),
  z.object({ undo: z.literal('enable-link'), api: z.string(), link: z.string() }),
  z.object({ undo: z.literal('continue-process'), pid: z.number(), startTicks: z.string() }),
  z.object({
    undo: z.literal('delete-topics'),
    brokers: z.array(z.string()),
    topics: z.array(z.string()),
  }),
])

/** What is owed to the world. */
export type Debt = z.infer<typeof debt>

export interface Ledger {
  /** Writes a debt down, on disk, before it is made. Returns what strikes it out. */
  owe(owed: Debt): () => void
}

const page = z.object({ owner: z.number(), debts: z.array(debt) })

/** Opens this run's page of the ledger in `folder`; the page is removed once nothing is owed. */
export function openLedger(folder: string, ownerPid: number): Ledger {
  const file = join(folder, `debts-${ownerPid}.json`)
  const open = new Set<Debt>()
  const save = () => {
    mkdirSync(folder, { recursive: true })
    if (open.size === 0) rmSync(file, { force: true })
    else writeFileSync(file, JSON.stringify({ owner: ownerPid, debts: [...open] }))
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

/** A page that a run left behind: its debts in the order they were made. */
export interface LeftPage {
  readonly file: string
  readonly owner: number
  readonly debts: readonly Debt[]
}

/** Reads the pages in `folder` whose owner no longer lives; an unreadable page has no debts. */
export function leftPages(folder: string, isAlive: (pid: number) => boolean): readonly LeftPage[] {
  const names = readdirSync(folder, { encoding: 'utf8', recursive: false })
  const pages = names
    .filter((name) => name.startsWith('debts-'))
    .map((name) => readPage(join(folder, name)))
  return pages.filter((left) => !isAlive(left.owner))
}

function readPage(file: string): LeftPage {
  const text = readFileSync(file, 'utf8')
  const read = page.safeParse(safeJson(text))
  if (!read.success) return { file, owner: 0, debts: [] }
  return { file, owner: read.data.owner, debts: read.data.debts }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
