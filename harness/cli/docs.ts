/**
 * `chaos docs`: prints the documents that come from tables. With `--check` nothing is written, and
 * a document that differs from its tables fails.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { scenarios } from '../../scenarios/index.ts'
import { printedTexts, type PrintedText } from '../docs/texts.ts'
import { repoRoot } from '../world/places.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { exitCodes } from '../world/exit-codes.ts'

export interface DocsOptions {
  readonly check?: boolean
}

/** @returns 0, or with `check` 1 if a document differs from its tables */
export const docs = (given: CommandWorld, options: DocsOptions): Promise<number> =>
  Promise.resolve(printTexts(given.out, repoRoot, printedTexts(scenarios), options))

/** Prints `texts` into, or checks them in, the folder `root`. */
export function printTexts(
  out: Pick<CommandWorld['out'], 'write'>,
  root: string,
  texts: readonly PrintedText[],
  { check = false }: DocsOptions,
): number {
  const changed = texts
    .map((printed) => ({ printed, text: printed.print(), before: committed(root, printed.path) }))
    .filter(({ text, before }) => before !== text)
  for (const { printed, text, before } of changed) {
    if (check) out.write(sayDifference(printed, before))
    else {
      write(join(root, printed.path), text)
      out.write(`${printed.path} written\n`)
    }
  }
  if (changed.length === 0) out.write(`all ${texts.length} printed documents are up to date\n`)
  if (!check || changed.length === 0) return exitCodes.pass.code
  out.write('print them again with: npm run chaos -- docs\n')
  return exitCodes.fail.code
}

function sayDifference({ path, differences }: PrintedText, before: string | undefined): string {
  const found = before === undefined ? [] : (differences?.(before) ?? [])
  return [`${path} differs from its tables`, ...found.map((says) => `  ${says}`), ''].join('\n')
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

function committed(root: string, path: string): string | undefined {
  const file = join(root, path)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
