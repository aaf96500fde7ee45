/** What a killed run left broken is undone by the next run, once, and reported. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import type { UndoEntry } from '../world/undo-log.ts'
import { undoLeftovers } from './heal.ts'
import { gone, leaveLog, link, topics, toxic } from '../world/undo-log-testbed.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'undo-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const leave = (name: string, entries: readonly UndoEntry[]): string =>
  leaveLog(folder, name, entries)

describe('healing', () => {
  test('a server that is gone took its undoLog with it', async () => {
    const file = leave('3', [topics, toxic, { undo: 'enable-link', api: gone, link }])
    expect(await undoLeftovers(clock, folder)).toEqual({ undone: [], left: [] })
    expect(existsSync(file)).toBe(false)
  })

  test('a server that knows the proxy no more has nothing to undo', async () => {
    const api = await answering(404)
    leave('4', [{ undo: 'enable-link', api, link }])
    expect(await undoLeftovers(clock, folder)).toEqual({ undone: [], left: [] })
  })

  test('a server that refuses keeps the entry for the next time, and says why', async () => {
    const api = await answering(409)
    const file = leave('5', [{ undo: 'enable-link', api, link }])
    const { undone, left } = await undoLeftovers(clock, folder)
    expect(undone).toEqual([])
    expect(left.join()).toMatch(/the cut of redis: .*status 409/)
    expect(existsSync(file)).toBe(true)
  })

  test('what was undone is reported, newest first', async () => {
    const api = await answering(204)
    leave('6', [{ ...toxic, api, name: 'first' }, { ...toxic, api, name: 'second' }])
    const { undone } = await undoLeftovers(clock, folder)
    expect(undone).toEqual(['the toxic second on redis', 'the toxic first on redis'])
    expect(readdirSync(folder)).toEqual([])
  })

  test('the target of a killed run is taken from the file of a Prometheus', async () => {
    const path = join(folder, 'live.json')
    writeFileSync(path, '[]')
    leave('9', [{ undo: 'remove-file', path }])
    expect((await undoLeftovers(clock, folder)).undone).toEqual([`the target file ${path}`])
    expect(existsSync(path)).toBe(false)
  })

  test('a stranger with the id of a frozen relay is left alone', async () => {
    const stranger = { pid: process.pid, start: 'yesterday' }
    leave('7', [{ undo: 'continue-process', process: stranger }])
    expect((await undoLeftovers(clock, folder)).left).toEqual([])
  })

  test('a page that cannot be read is reported once, and then gone', async () => {
    writeFileSync(join(folder, 'undo-8.json'), 'half a pa')
    expect((await undoLeftovers(clock, folder)).left).toEqual([
      expect.stringMatching(/undo-8\.json cannot be read, and was removed/),
    ])
    expect(await undoLeftovers(clock, folder)).toEqual({ undone: [], left: [] })
  })
})

/** An API that answers everything with one status; its address. */
async function answering(status: number): Promise<string> {
  const server = createServer((request, answer) => {
    request.resume()
    answer.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
