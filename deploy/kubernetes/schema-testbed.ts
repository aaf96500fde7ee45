/**
 * Kubernetes' own schemas, and those of the custom resources. The validators know types, formats
 * and what is required; like the API server they let unknown fields pass, which the server then
 * drops: those are found by the types of the same package, with the compiler.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as monitoring from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1'
import * as apps from 'kubernetes-models/apps/v1'
import * as autoscaling from 'kubernetes-models/autoscaling/v2'
import * as batch from 'kubernetes-models/batch/v1'
import * as networking from 'kubernetes-models/networking.k8s.io/v1'
import * as policy from 'kubernetes-models/policy/v1'
import * as core from 'kubernetes-models/v1'
import { k6TestRun } from './k6-test-run-testbed.ts'
import { type Manifest, nameOf } from './manifest-testbed.ts'

interface Model {
  validate(): void
}
type NewModel = new (data: Manifest) => Model
type Models = Readonly<Record<string, unknown>>
/** By apiVersion: the package's module, and the classes in it. */
const modules: Readonly<Record<string, readonly [path: string, models: Models]>> = {
  v1: ['kubernetes-models/v1', core],
  'apps/v1': ['kubernetes-models/apps/v1', apps],
  'autoscaling/v2': ['kubernetes-models/autoscaling/v2', autoscaling],
  'batch/v1': ['kubernetes-models/batch/v1', batch],
  'networking.k8s.io/v1': ['kubernetes-models/networking.k8s.io/v1', networking],
  'policy/v1': ['kubernetes-models/policy/v1', policy],
  'monitoring.coreos.com/v1': [
    '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
    monitoring,
  ],
}

/** What the schemas say against manifests, one sentence each. */
export const schemaProblems = (all: readonly Manifest[]): string[] =>
  all.flatMap((one) => {
    if (one.apiVersion === 'k6.io/v1alpha1') return k6Problems(one)
    const model = modules[one.apiVersion]?.[1][one.kind] as NewModel | undefined
    if (model === undefined) return [`${nameOf(one)}: no schema of ${one.apiVersion}`]
    try {
      new model(withoutBreaks(one)).validate()
      return []
    } catch (error) {
      return [`${nameOf(one)}: ${(error as Error).message}`]
    }
  })

/** Kustomize breaks the lines of long base64, which Kubernetes reads and the schema does not. */
function withoutBreaks(one: Manifest): Manifest {
  if (one.kind !== 'Secret' || one.data === undefined) return one
  const entries = Object.entries(one.data)
  const data = entries.map(([key, value]) => [key, value.replaceAll(/\s/g, '')] as const)
  return { ...one, data: Object.fromEntries(data) }
}

function k6Problems(one: Manifest): string[] {
  const { error } = k6TestRun.safeParse(one)
  return (error?.issues ?? []).map(({ path, message }) => {
    return `${nameOf(one)}: ${path.join('/')} ${message}`
  })
}

const compilerLimitMs = 120_000

/** Fields that no schema knows: what the compiler says of manifests as literals of their types. */
export async function fieldProblems(all: readonly Manifest[], root: string): Promise<string[]> {
  const typed = all.filter(({ apiVersion }) => apiVersion in modules)
  const folder = await mkdtemp(join(tmpdir(), 'manifests-'))
  try {
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    const file = join(folder, 'manifests.ts')
    await writeFile(file, literalsOf(typed))
    const flags = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck']
    const compiler = join(root, 'node_modules/.bin/tsc')
    const args = [...flags, '--module', 'nodenext', '--target', 'es2024', '--types', 'node', file]
    const said = await promisify(execFile)(compiler, args, { timeout: compilerLimitMs }).catch(
      (error: { stdout?: string; message: string }) => ({ stdout: error.stdout ?? error.message }),
    )
    const found = said.stdout.split('\n').filter((line) => line.includes('error '))
    return found.map((line) => saidOf(typed, line))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** One manifest a line, so that an error's line says which. */
const literalsOf = (all: readonly Manifest[]) =>
  all
    .map((one, index) => {
      const [path] = modules[one.apiVersion] as readonly [string, Models]
      const type = `import('${path}').I${one.kind}`
      return `export const m${index}: ${type} = ${JSON.stringify(one)}\n`
    })
    .join('')

function saidOf(all: readonly Manifest[], line: string): string {
  const [, number, says] = /\((\d+),\d+\): error \w+: (.*)/.exec(line) ?? []
  const one = all[Number(number) - 1]
  return one === undefined ? line : `${nameOf(one)}: ${says}`
}
