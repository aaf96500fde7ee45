/** The manifests as kustomize renders them, with production's Secrets made from its examples. */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { renderArgs } from '../../harness/toolchain/kustomize.ts'
import { ensureTools } from '../../harness/toolchain/tools.ts'
import type { Manifest } from './manifest-testbed.ts'

const secretsFolder = 'overlays/production/secrets'
const renderLimitMs = 60_000

/** Manifests by the folder that they are rendered from. */
export type Rendered = Readonly<Record<string, readonly Manifest[]>>

/**
 * Renders folders.
 *
 * @param folders from here: `overlays/dev`
 * @param change changes the copy that is rendered
 */
export async function render(
  folders: readonly string[],
  change: (copy: string) => Promise<void> = async () => undefined,
): Promise<Rendered> {
  const { kustomize } = await ensureTools(['kustomize'], () => undefined)
  const copy = await mkdtemp(join(tmpdir(), 'kubernetes-'))
  try {
    await cp(import.meta.dirname, copy, { recursive: true })
    await fillSecrets(join(copy, secretsFolder))
    await change(copy)
    const rendered: Record<string, readonly Manifest[]> = {}
    for (const folder of folders) {
      const args = [...renderArgs(kustomize.path), join(copy, folder)]
      const { stdout } = await promisify(execFile)(kustomize.path, args, {
        timeout: renderLimitMs,
      })
      rendered[folder] = manifestsIn(stdout)
    }
    return rendered
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

/** @throws Error of the first text that is not YAML */
export function manifestsIn(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = [...document.errors, ...document.warnings]
    if (error !== undefined) throw error
    const content = document.toJS() as Manifest | null
    return content === null ? [] : [content]
  })
}

/** What the user does: each example becomes the file, and what is blank in it is filled in. */
async function fillSecrets(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.example')) continue
    const text = await readFile(join(folder, name), 'utf8')
    const filled = text.replaceAll(/^(\w+)=$/gm, '$1=of-the-test')
    await writeFile(join(folder, name.slice(0, -'.example'.length)), filled)
  }
}
