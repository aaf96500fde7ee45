/**
 * Every dependency of package.json is used: a source file imports it, or one of the few that are
 * run instead is named where it is run.
 */
import type { SourceFile } from './rules.ts'

/** What is read of package.json. */
export interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

interface Run {
  readonly path: string
  readonly says: string
}
/** What is used without an import: the file that runs it, and how that says so. */
const runs: Readonly<Record<string, Run>> = {
  '@bufbuild/buf': { path: 'package.json', says: 'buf generate' },
  '@bufbuild/protoc-gen-es': { path: 'proto/buf.gen.yaml', says: 'local: protoc-gen-es' },
  oxlint: { path: 'harness/toolchain/self-test.ts', says: "program: 'oxlint'" },
  'oxlint-tsgolint': { path: 'harness/toolchain/self-test.ts', says: '--type-aware' },
  typescript: { path: 'harness/toolchain/self-test.ts', says: "program: 'tsc'" },
}

/**
 * Names of dependencies that nothing uses.
 *
 * @param files all sources, and the files of the table above
 */
export function unusedDependencies(manifest: Manifest, files: readonly SourceFile[]): string[] {
  const imported = new Set(files.flatMap(({ text }) => importsIn(text)))
  const isRun = ({ path, says }: Run) =>
    files.some((file) => file.path === path && file.text.includes(says))
  const isUsed = (name: string): boolean => {
    const run = runs[name]
    if (run !== undefined) return isRun(run)
    if (name === '@types/node') return true
    return imported.has(name.replace(/^@types\//, ''))
  }
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
  return names.filter((name) => !isUsed(name))
}

/** Files that are read besides the sources. */
export const readBesides: readonly string[] = Object.values(runs).map(({ path }) => path)

/** Packages that a source imports, or asks the path of. */
function importsIn(text: string): string[] {
  const names = text.matchAll(/\b(?:from|import|resolve)\s*\(?\s*'((?:@[\w.-]+\/)?[\w.-]+)[^']*'/g)
  return [...names].map((match) => match[1] as string)
}
