/** What the images consist of: pinned bases, all that their program imports, and no secret. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, posix } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { importedFiles } from '../../harness/tidy/rules.ts'
import pins from '../../harness/toolchain/pins.json' with { type: 'json' }
import { repoRoot } from '../../harness/world/places.ts'
import { secretRows } from '../../relay/tables/secrets.ts'
import { copiedBy, imageProblems, instructionsOf } from './dockerfile-testbed.ts'

const read = (path: string) => readFileSync(join(repoRoot, path), 'utf8')
const { version, dependencies } = JSON.parse(read('package.json')) as {
  version: string
  dependencies: Record<string, string>
}
const images = [
  { file: 'deploy/images/relay/Dockerfile', entry: 'relay/main.ts' },
  { file: 'deploy/images/harness/Dockerfile', entry: 'harness/cli/main.ts' },
] as const

/** Paths that the build is given, and those that it is not. */
const ignored = read('.dockerignore').split('\n')
const given = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
const isIn = (path: string, folders: readonly string[]) =>
  folders.some((folder) => path === folder || path.startsWith(`${folder}/`))

describe.each(images)('$file', ({ file, entry }) => {
  const instructions = instructionsOf(read(file))
  const copied = copiedBy(instructions)
  const closure = importClosure(entry)

  it('has pinned bases and a user without rights', () => {
    expect(imageProblems(instructions)).toEqual([])
    const args = instructions.filter(({ name }) => name === 'ARG').map(({ rest }) => rest)
    expect(args).toContain(`NODE_IMAGE=node:${pins.node}-bookworm-slim`)
  })

  it('copies what is there, and what the build is given', () => {
    expect(copied.length).toBeGreaterThan(2)
    expect(copied.filter((path) => !existsSync(join(repoRoot, path)))).toEqual([])
    expect(copied.filter((path) => !isIn(path, given))).toEqual([])
  })

  it('has every file that its program imports, and no test', () => {
    const files = [...closure.files]
    expect(files.length).toBeGreaterThan(50)
    expect(files.filter((path) => !isIn(path, copied))).toEqual([])
    expect(files.filter((path) => /(?:\.test|-testbed)\.ts$/.test(path))).toEqual([])
  })

  it('has every package that its program imports, and installs no others', () => {
    expect([...closure.packages].filter((name) => !(name in dependencies))).toEqual([])
    const installs = instructions.filter(({ rest }) => rest.startsWith('npm '))
    expect(installs.map(({ rest }) => rest)).toEqual([
      'npm ci --omit=dev --ignore-scripts --no-audit --no-fund',
    ])
  })

  it('starts that program, without a shell that would keep its signals', () => {
    const started = instructions.findLast(({ name }) => name === 'ENTRYPOINT')
    expect(JSON.parse(started?.rest ?? '')).toEqual(['node', entry])
  })

  it('holds no secret', () => {
    const names = secretRows.map(({ env }) => env)
    const set = instructions.filter(({ name }) => name === 'ENV' || name === 'ARG')
    for (const { rest } of set) {
      for (const name of names) expect(rest).not.toContain(name)
      expect(rest).not.toMatch(/PASSWORD|TOKEN|SECRET/)
    }
  })
})

it('the relay is asked for liveness, which does not depend on traffic', () => {
  const check = instructionsOf(read(images[0].file)).find(({ name }) => name === 'HEALTHCHECK')
  const [, path = ''] = /"(deploy[^"]+)"/.exec(check?.rest ?? '') ?? []
  expect(read(path)).toContain("path: '/livez'")
})

it('Kafka and Toxiproxy are those of the native stack', () => {
  const text = read(images[1].file)
  expect(text).toContain(`KAFKA_IMAGE=apache/kafka:${pins.kafka}\n`)
  expect(text).toContain(`shopify/toxiproxy:${pins.toxiproxy}\n`)
})

it('the manifests name the images of this version', () => {
  const { images: named } = parse(read('deploy/kubernetes/base/kustomization.yaml')) as {
    images: { newTag: string }[]
  }
  expect(named.map(({ newTag }) => newTag)).toEqual([version, version])
  for (const { file } of images) expect(read(file)).toContain(`:${version} .`)
})

it('what is given to a build has no secrets in it', () => {
  expect(ignored[1]).toBe('*')
  for (const pattern of ['**/.env', '**/.env.*', '**/*.key', '**/*.pem']) {
    expect(ignored).toContain(pattern)
  }
  expect(isIn('deploy/kubernetes/overlays/production/secrets/kafka.env', given)).toBe(false)
})

describe('a Dockerfile', () => {
  it.each([
    ['of a moving base', 'ARG A=node:latest\nFROM ${A}\nUSER 1:1', 'FROM ${A}'],
    ['of a base with half a version', 'ARG A=node:24\nFROM ${A}\nUSER 1:1', 'FROM ${A}'],
    ['of a base that nobody can replace', 'FROM node:24.1.0\nUSER 1:1', 'FROM node:24.1.0'],
    ['of a stage that is not there', 'ARG A=b:1.0.0\nFROM ${A} AS c\nFROM d\nUSER 1:1', 'FROM d'],
    ['that runs as root', 'ARG A=b:1.0.0\nFROM ${A}', 'USER'],
    ['that ends as root', 'ARG A=b:1.0.0\nFROM ${A}\nUSER 1:1\nUSER 0:0', 'USER'],
    ['that runs as a name', 'ARG A=b:1.0.0\nFROM ${A}\nUSER node', 'USER'],
  ])('%s is refused', (_, text, says) => {
    expect(imageProblems(instructionsOf(text)).join()).toContain(says)
  })

  it('may have several lines to an instruction, comments, and stages', () => {
    const text = 'ARG A=b:1.0.0\n# why\nFROM ${A} AS c\nCOPY a \\\n  b /d/\nFROM c\nUSER 5:5'
    const instructions = instructionsOf(text)
    expect(imageProblems(instructions)).toEqual([])
    expect(copiedBy(instructions)).toEqual(['a', 'b'])
  })
})

describe('the health check', () => {
  const check = join(import.meta.dirname, 'relay/alive.mjs')
  const ask = (port: number): Promise<number> =>
    new Promise((resolve) => {
      const env = { ...process.env, WEBSOCKET_PORT: String(port), WEBSOCKET_TLS_CERT_FILE: '' }
      execFile(process.execPath, [check], { env, timeout: 15_000 }, (error) => {
        resolve(error === null ? 0 : Number(error.code ?? -1))
      })
    })
  const listening = (server: Server): Promise<number> => {
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    })
  }

  it.each([
    ['is well where the relay lives', 200, 0],
    ['is not where it answers otherwise', 503, 1],
  ])('%s', async (_, status, code) => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(status).end()
    })
    expect(await ask(await listening(server))).toBe(code)
    expect(asked).toEqual(['/livez'])
  })

  it('is not well where nobody answers, or never', async () => {
    const closed = createServer()
    const port = await listening(closed)
    closed.close()
    expect(await ask(port)).toBe(1)
    expect(await ask(await listening(createServer(() => undefined)))).toBe(1)
  })
})

/** Packages, from the places where a text imports them. */
const library = String.raw`((?:@[\w.-]+\/)?\w[\w.-]*)[^':]*'`
const libraries = new RegExp(
  String.raw`^(?:import|export|\}) ?[^'\n]*from '${library}|^import '${library}` +
    String.raw`|\bimport\('${library}`,
  'gm',
)

/** All files and packages that a program imports, lazily too; types are erased. */
function importClosure(entry: string) {
  const files = new Set([entry])
  const packages = new Set<string>()
  for (const path of files) {
    if (!/\.(?:ts|mjs|js)$/.test(path) || !statSync(join(repoRoot, path)).isFile()) continue
    const text = read(path).replaceAll(/^(?:import|export) type [^']*'[^']*'/gm, '')
    for (const file of importedFiles({ path, text })) files.add(posix.normalize(file))
    for (const [, ...found] of text.matchAll(libraries)) packages.add(found.join(''))
  }
  return { files, packages }
}
