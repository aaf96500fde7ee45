/**
 * Projects of a container engine that runs have started. Their containers outlive a run that was
 * killed, so each is noted on disk while it lasts: whoever finds the note of a dead run takes its
 * project down.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { identify, isRunning } from './processes.ts'

const note = z.object({
  project: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/),
  owner: z.object({ pid: z.number(), start: z.string() }),
})

/** A project whose run is dead. */
export interface LeftProject {
  readonly project: string
  readonly file: string
}

const prefix = 'project-'

/** Notes a project in `folder` before it is started; returns what strikes it out again. */
export function noteProject(folder: string, project: string): () => void {
  const file = join(folder, `${prefix}${project}.json`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, JSON.stringify({ project, owner: identify(process.pid) }))
  return () => rmSync(file, { force: true })
}

/** Projects noted in `folder` whose owner no longer runs. */
export const leftProjects = (folder: string): readonly LeftProject[] =>
  namesIn(folder).flatMap((name) => {
    const file = join(folder, name)
    const read = note.safeParse(parsed(file))
    const isLeft = read.success && !isRunning(read.data.owner)
    return isLeft ? [{ project: read.data.project, file }] : []
  })

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith(prefix) && name.endsWith('.json'))
  } catch {
    return []
  }
}

/** Undefined for what its owner has just removed, or has not written to its end yet. */
function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
