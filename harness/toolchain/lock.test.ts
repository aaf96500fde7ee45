/** The lock of installations, on this file system and with real processes. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { isTrouble } from '../world/trouble.ts'
import { withLock } from './lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'lock-'))
afterAll(() => rmSync(folder, { recursive: true }))

const staleMs = 2_000
const lock = (name: string, limitMs: number, work: () => Promise<string>, onWait = () => {}) =>
  withLock({ clock, path: join(folder, name), limitMs, onWait, staleMs }, work)

test.concurrent('lets one in at a time, and everybody in the end', async () => {
  let inside = 0
  let most = 0
  const work = async () => {
    inside += 1
    most = Math.max(most, inside)
    await new Promise((resolve) => setImmediate(resolve))
    inside -= 1
    return 'done'
  }
  const all = await Promise.all([1, 2, 3].map(() => lock('shared', 10_000, work)))
  expect(all).toEqual(['done', 'done', 'done'])
  expect(most).toBe(1)
  expect(existsSync(join(folder, 'shared'))).toBe(false)
})

test.concurrent('is left by work that failed', async () => {
  const broken = lock('left', 0, () => Promise.reject(new Error('broken')))
  await expect(broken).rejects.toThrow('broken')
  expect(await lock('left', 0, async () => 'mine')).toBe('mine')
})

test.concurrent('of a holder that was killed is taken over', async () => {
  const file = (name: string) => new URL(name, import.meta.url).href
  const script = `
    import { withLock } from '${file('lock.ts')}'
    import { systemClock as clock } from '${file('../../relay/world/clock.ts')}'
    const options = { clock, path: '${join(folder, 'killed')}', limitMs: 0, staleMs: ${staleMs} }
    await withLock({ ...options, onWait() {} }, () => {
      console.log('held')
      return new Promise((resolve) => setTimeout(resolve, 60_000))
    })`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  await expect(lock('killed', 0, async () => 'too early')).rejects.toThrow('still holds')
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  expect(existsSync(join(folder, 'killed'))).toBe(true)
  let waits = 0
  const onWait = () => void (waits += 1)
  expect(await lock('killed', 10_000, async () => 'mine', onWait)).toBe('mine')
  expect(waits).toBe(1)
})

test.concurrent('of a living holder is kept, and waiting too long is reported', async () => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const held = lock('kept', 0, () => promise)
  await expect(lock('kept', staleMs + 1_000, async () => 'never')).rejects.toSatisfy((error) =>
    isTrouble(error, 'lock-busy'),
  )
  resolve('late')
  expect(await held).toBe('late')
})

test.concurrent('that was taken from its holder ends the work of this one', async () => {
  const begun = Promise.withResolvers<void>()
  const held = lock('lost', 0, () => {
    begun.resolve()
    return new Promise(() => {})
  })
  await begun.promise
  rmSync(join(folder, 'lost'), { recursive: true })
  await expect(held).rejects.toSatisfy((error) => isTrouble(error, 'lock-lost'))
})
