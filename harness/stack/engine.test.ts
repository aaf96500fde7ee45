/** What is said where Docker is missing, silent, old or refuses: one sentence, and what to do. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { UsageError } from '../world/exit-codes.ts'
import { findEngine, lastLine } from './engine.ts'
import { missingImages, openProject, pull, readSeen, takeDownLeft } from './compose-project.ts'

const folder = mkdtempSync(join(tmpdir(), 'engine-'))
const path = process.env['PATH']
afterEach(() => {
  process.env['PATH'] = path
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A program `docker` on PATH that does this, with its arguments in `$*`. */
function docker(body: string): void {
  const file = join(folder, 'docker')
  writeFileSync(file, `#!/bin/sh\n${body}\n`)
  chmodSync(file, 0o755)
  process.env['PATH'] = `${folder}:/usr/bin:/bin`
}

const good = `case "$*" in version*) echo 28.0.1; exit;; *--short) echo v2.40.3-x.1; exit;; esac`

async function refusal(): Promise<string> {
  const error: unknown = await findEngine().catch((failure: unknown) => failure)
  expect(error).toBeInstanceOf(UsageError)
  return (error as Error).message
}

describe('without what it takes, --stack compose is refused', () => {
  it('no docker', async () => {
    process.env['PATH'] = join(folder, 'nowhere')
    expect(await refusal()).toMatch(/no docker on PATH; install .*, or leave out --stack compose$/)
  })

  it('no engine', async () => {
    docker('echo "Cannot connect to the Docker daemon at unix:///x. Is it running?" >&2; exit 1')
    expect(await refusal()).toMatch(/does not answer: Cannot connect to the Docker daemon.*; start/)
  })

  it('no compose', async () => {
    docker('case "$*" in version*) echo 28.0.1;; *) echo "no command" >&2; exit 1;; esac')
    expect(await refusal()).toMatch(/has no compose plugin; install docker-compose-plugin/)
  })

  it('an old compose', async () => {
    docker(`case "$*" in version*) echo 28.0.1;; *) echo 2.3.4;; esac`)
    expect(await refusal()).toMatch(/plugin is 2\.3\.4; install 2\.20\.0 or newer/)
  })
})

describe('an engine that is there', () => {
  it('tells its versions, and answers', async () => {
    docker(`${good}\necho "$X"`)
    const engine = await findEngine()
    expect(engine.versions).toEqual({ docker: '28.0.1', compose: '2.40.3' })
    expect(await engine.ask('list', ['ps'], { variables: { X: 'seen' } })).toBe('seen\n')
  })

  it('that refuses says why in one line', async () => {
    docker(`${good}\necho "pulling" >&2; echo "No such container" >&2; exit 1`)
    const engine = await findEngine()
    await expect(engine.ask('end it', ['kill'])).rejects.toMatchObject({
      code: 'engine-failed',
      what: 'Docker was asked to end it: No such container',
    })
  })

  it('that never answers is not waited for', async () => {
    docker(`${good}\nexec sleep 60`)
    const engine = await findEngine()
    await expect(engine.ask('list', ['ps'], { limitMs: 200 })).rejects.toMatchObject({
      what: expect.stringContaining('did not answer within 0.2 s'),
    })
  })

  it('tells which images it lacks, and why one cannot be had', async () => {
    docker(
      `${good}\ncase "$*" in *inspect*here*) echo id; exit;;\n` +
        `*inspect*) echo "No such image: x" >&2;; *) echo "manifest unknown" >&2;; esac; exit 1`,
    )
    const engine = await findEngine()
    expect(await missingImages(engine, ['here:1', 'gone:1'])).toEqual(['gone:1'])
    await expect(pull(engine, 'gone:1', 'GONE_IMAGE')).rejects.toMatchObject({
      code: 'image-missing',
      what: expect.stringMatching(/gone:1 is not here and cannot be pulled: .*manifest unknown/),
      todo: expect.stringContaining('GONE_IMAGE'),
    })
  })

  it('that fails while it looks for an image is not one without it', async () => {
    docker(`${good}\ncase "$*" in *inspect*) echo "permission denied" >&2; exit 1;; esac`)
    await expect(missingImages(await findEngine(), ['a:1'])).rejects.toMatchObject({
      what: expect.stringContaining('permission denied'),
    })
  })
})

describe('a project', () => {
  it('keeps its name, its ports and its overrides in every call', async () => {
    docker(`${good}\necho "$KAFKA_HOST_PORT $*"`)
    const project = openProject(await findEngine(), 'one', folder, { KAFKA_HOST_PORT: '5' })
    expect(await project.compose('list', ['ps'])).toMatch(/5 compose -p one -f \S+chaos.yml ps\n/)
    project.override({ relay: {} })
    project.override({ relay: {} })
    expect(await project.compose('list', ['ps'])).toMatch(/yml -f \S+override\.json ps\n$/)
    expect(project.container('relay')).toBe('one-relay-1')
  })

  it('reads what is told of a container', () => {
    const State = { Pid: 7, Running: true, OOMKilled: false, Status: 'running' }
    const NetworkSettings = { Networks: { one_default: { IPAddress: '172.18.0.2' } } }
    const seen = readSeen(JSON.stringify([{ Id: 'abc', State, NetworkSettings }]))
    expect(seen).toEqual({
      id: 'abc',
      pid: 7,
      host: '172.18.0.2',
      isRunning: true,
      wasOutOfMemory: false,
    })
    expect(() => readSeen('[]')).toThrow(/array|tuple|Invalid|Too small/)
  })
})

describe('what a killed run left', () => {
  const owner = { pid: 1, start: 'of another life' }
  const file = join(folder, 'project-chaos-dead.json')
  const leave = () => writeFileSync(file, JSON.stringify({ project: 'chaos-dead', owner }))
  const heal = () => takeDownLeft(folder, (one) => rmSync(one.file))

  it('is taken down with its volumes, and struck out', async () => {
    leave()
    docker(`${good}\necho "$*" >> ${folder}/asked`)
    const undone = ['the containers of project chaos-dead']
    expect(await heal()).toEqual({ undone, left: [] })
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toMatch(
      /^compose -p chaos-dead -f \S+chaos.yml down --volumes --remove-orphans --timeout 1\n$/,
    )
    expect(await heal()).toEqual({ undone: [], left: [] })
  })

  it('stays noted where that fails, or there is no engine any more', async () => {
    leave()
    docker(`${good}\necho "permission denied" >&2; exit 1`)
    expect((await heal()).left.join()).toMatch(/chaos-dead: Docker was asked .*permission denied$/)
    process.env['PATH'] = join(folder, 'nowhere')
    expect((await heal()).left.join()).toMatch(/there is no docker on PATH; install/)
    expect(existsSync(file)).toBe(true)
  })
})

it('the line that says why is the last one that is no progress', () => {
  expect(lastLine('Pulling\nError: no\n')).toBe('Error: no')
  expect(lastLine("docker: bad flag.\nSee 'docker run --help'.\n")).toBe('docker: bad flag')
  expect(lastLine('')).toBe('it said nothing')
})
