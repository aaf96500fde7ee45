/** What a killed harness started is ended by the remaining processes, and nothing else is. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { startChild } from './child.ts'
import { ledgerFolder, sweepLeftovers, writeLedger } from './ledger.ts'
import { identify, isRunning, ownedBy, type ProcessIdentity } from './processes.ts'
import { isTrouble } from './trouble.ts'
import { openWorld, type World } from './world.ts'

const state = mkdtempSync(join(tmpdir(), 'orphans-'))
const worlds: World[] = []
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()))
})
afterAll(() => rmSync(state, { recursive: true }))

const openTestWorld = async () => {
  const world = await openWorld(clock, state)
  worlds.push(world)
  return world
}

/** A shell that ignores SIGTERM, with a child in its group and one that left it. */
const stubborn = `trap '' TERM; sleep 1000 & setsid sleep 1001 & echo up; sleep 1002; wait`

/** A harness of its own process: opens a world, starts a child in a folder, prints their ids. */
const harness = `
  const here = ${JSON.stringify(`${import.meta.dirname}/`)}
  const { systemClock } = await import(here + '../../relay/world/clock.ts')
  const { openWorld } = await import(here + 'world.ts')
  const { startChild } = await import(here + 'child.ts')
  const world = await openWorld(systemClock, ${JSON.stringify(state)})
  const folder = world.makeFolder('harness')
  const child = await startChild(world, {
    role: 'stubborn', command: 'sh', args: ['-c', ${JSON.stringify(stubborn)}],
    logFile: folder + '/log', ready: { line: (line) => line === 'up' }, deadlineMs: 10_000,
  })
  console.log(JSON.stringify({ pid: child.pid, folder }))
  setInterval(() => {}, 1_000)
`
interface Told {
  readonly process: ChildProcess
  readonly child: ProcessIdentity
  readonly folder: string
}
async function startHarness(): Promise<Told> {
  const running = spawn(process.execPath, ['--input-type=module', '--eval', harness], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.stdout.setEncoding('utf8')
  const text = await new Promise<string>((resolve) => running.stdout.once('data', resolve))
  const { pid, folder } = JSON.parse(text) as { pid: number; folder: string }
  return { process: running, child: identify(pid) as ProcessIdentity, folder }
}

/** Waits until `holds`, at most ten seconds. */
async function eventually(holds: () => boolean): Promise<boolean> {
  const untilMs = clock.nowMs() + 10_000
  while (!holds() && clock.nowMs() < untilMs) await sleep(clock, 20)
  return holds()
}
const ledgers = () => (existsSync(ledgerFolder(state)) ? readdirSync(ledgerFolder(state)) : [])


test('a harness that is killed leaves no process, no folder and no ledger behind', async () => {
  const { process: running, child, folder } = await startHarness()
  const mark = (ledgers()[0] as string).replace('.json', '')
  expect(ownedBy(mark).length).toBeGreaterThanOrEqual(4)
  running.kill('SIGKILL')
  expect(await eventually(() => !isRunning(child))).toBe(true)
  expect(await eventually(() => !existsSync(folder) && ledgers().length === 0)).toBe(true)
  expect(ownedBy(mark)).toEqual([])
})

test('where the warden was killed, too, the next start cleans up', async () => {
  const { process: running, child, folder } = await startHarness()
  const ledger = join(ledgerFolder(state), ledgers()[0] as string)
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)
  const warden = pids.find((pid) => commandLine(pid).endsWith(`warden.ts\0${ledger}\0`))
  process.kill(warden as number, 'SIGKILL')
  running.kill('SIGKILL')
  await new Promise((resolve) => running.once('exit', resolve))
  expect(isRunning(child)).toBe(true)
  const { swept } = await openTestWorld()
  expect(swept.left).toEqual([])
  expect(swept.ended).toContain(`stubborn (${child.pid})`)
  expect(swept.removed).toEqual([folder])
  expect(isRunning(child) || existsSync(folder)).toBe(false)
})

test('a stranger with the id of a dead child is not touched, nor a living harness', async () => {
  const world = await openTestWorld()
  const stranger = await startChild(world, {
    role: 'unexpected',
    command: 'sleep',
    args: ['1000'],
    logFile: join(state, 'stranger.log'),
    deadlineMs: 1_000,
  })
  const dead = { pid: process.pid, start: 'a harness of yesterday' }
  const gone = { pid: stranger.pid, start: 'a child of yesterday', role: 'relay' }
  writeLedger(join(ledgerFolder(state), 'yesterday.json'), {
    owner: dead,
    mark: 'yesterday',
    children: [gone],
    folders: [],
  })
  expect(await sweepLeftovers(clock, state)).toEqual({ ended: [], removed: [], left: [] })
  expect(stranger.exit).toBeUndefined()
  expect(ledgers()).toEqual([`${world.mark}.json`])
})

test('a child that ends, hangs or cannot start is trouble with its last words', async () => {
  const world = await openTestWorld()
  const start = (script: string, command = 'sh') =>
    startChild(world, {
      role: 'server',
      command,
      args: ['-c', script],
      logFile: join(state, 'server.log'),
      ready: { line: (line) => line === 'never' },
      deadlineMs: 300,
    })
  await expect(start('echo port taken; exit 3')).rejects.toSatisfy(
    (error) => isTrouble(error, 'child-died') && /code 3.*port taken/s.test(error.message),
  )
  await expect(start(stubborn)).rejects.toSatisfy(
    (error) => isTrouble(error, 'child-late') && /limit of 300 ms.*up/s.test(error.message),
  )
  await expect(start('', 'no-such-program')).rejects.toSatisfy((error) =>
    isTrouble(error, 'child-unstartable'),
  )
})

test('closing the world ends what ignores SIGTERM and what left its group', async () => {
  const world = await openTestWorld()
  const child = await startChild(world, {
    role: 'stubborn',
    command: 'sh',
    args: ['-c', stubborn],
    logFile: join(state, 'stubborn.log'),
    ready: { line: (line) => line === 'up' },
    deadlineMs: 5_000,
  })
  await child.stop(100)
  expect(child.exit).toEqual({ code: null, signal: 'SIGKILL' })
  await world.close()
  expect(ownedBy(world.mark)).toEqual([])
})

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
