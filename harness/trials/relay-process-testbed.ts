/**
 * The relay's own program as a child process, for tests of how it begins and ends: they cannot wait
 * until it is ready, as `startTarget` does. It is given no setting but those of the test.
 */
import { join } from 'node:path'
import { startChild, type Ready } from '../world/child.ts'
import type { OwnedChild } from '../world/owned-child.ts'
import { repoRoot } from '../world/places.ts'
import type { World } from '../world/world.ts'

export interface Launch {
  readonly env?: Readonly<Record<string, string>>
  readonly logFile: string
  /** Without it the test goes on as soon as the process is there. */
  readonly ready?: Ready
  /** What Node runs before the first line of the relay. */
  readonly before?: string
  /** Where all that it writes goes instead, as it is: `logFile` keeps secrets out. */
  readonly rawFile?: string
  /** A program other than the reference, and its arguments. */
  readonly program?: readonly string[]
}

const startLimitMs = 20_000

/** Starts it; the caller, or the end of its world, ends it. */
export function startRelay(world: World, asked: Launch): Promise<OwnedChild> {
  const { env = {}, logFile, ready, before = '', rawFile, program = ['relay/main.ts'] } = asked
  const [file = '', ...more] = program
  const hook = `data:text/javascript,${encodeURIComponent(before)}`
  const args = ['--import', hook, join(repoRoot, file), ...more]
  const node = { command: process.execPath, args }
  return startChild(world, {
    role: 'relay',
    ...(rawFile === undefined ? node : writingInto(rawFile, node)),
    env,
    logFile,
    ...(ready !== undefined && { ready }),
    deadlineMs: startLimitMs,
  })
}

const writingInto = (file: string, { command, args }: { command: string; args: string[] }) => ({
  command: '/bin/sh',
  args: ['-c', 'file=$1; shift; exec "$@" > "$file" 2>&1', 'sh', file, command, ...args],
})

/** Node source that says which modules are loaded that match, before each of them is. */
export const announcing = (modules: RegExp, eachTakesMs = 0): string => `
  import { registerHooks } from 'node:module'
  import { writeSync } from 'node:fs'
  registerHooks({ load(url, context, next) {
    if (${String(modules)}.test(url)) {
      writeSync(1, 'loads ' + url + '\\n')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${eachTakesMs})
    }
    return next(url, context)
  } })`

/** Ready as soon as it says so; see `announcing`. */
export const onceItLoads: Ready = { line: (line) => line.startsWith('loads ') }
