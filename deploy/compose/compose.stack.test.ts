/**
 * What compose itself makes of the file; it needs no engine for that. Where it is not installed the
 * test says so: only `--stack compose` needs it.
 */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ask, onPath } from '../../harness/toolchain/program.ts'
import { repoRoot } from '../../harness/world/places.ts'

const docker = onPath('docker') ?? 'docker'
const isHere = (await ask(docker, ['compose', 'version'])).isRunnable
const file = ['compose', '-f', join(repoRoot, 'docker-compose.chaos.yml'), '--profile', 'k6']
const config = (env: Readonly<Record<string, string>> = {}) =>
  ask(docker, [...file, 'config', '--quiet'], env)

it.runIf(!isHere)('compose is not installed here, so it was not asked', () => {
  expect(isHere).toBe(false)
})

it.runIf(isHere)('compose accepts the file, k6 and all', async () => {
  const { isRunnable, text } = await config()
  expect(text.trim()).toBe('')
  expect(isRunnable).toBe(true)
})

it.runIf(isHere)('compose refuses one that is broken', async () => {
  expect((await config({ RELAY_HOST_PORT: 'no-port' })).isRunnable).toBe(false)
})
