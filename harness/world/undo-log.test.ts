/** Entries are on disk before a fault is made, gone once it is undone, found when an owner died. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { leftUndoLogs, openUndoLog, type UndoEntry } from './undo-log.ts'
import { leaveLog, topics, toxic } from './undo-log-testbed.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'undo-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const leave = (name: string, entries: readonly UndoEntry[]): string =>
  leaveLog(folder, name, entries)

describe('an undo log', () => {
  test('stands on disk from before a entry is made until all are paid', () => {
    const undoLog = openUndoLog(folder)
    const clearToxic = undoLog.register(toxic)
    const clearTopics = undoLog.register(topics)
    const [name] = readdirSync(folder)
    const read = () => JSON.parse(readFileSync(join(folder, name ?? ''), 'utf8')) as unknown
    expect(read()).toMatchObject({ owner: { pid: process.pid }, entries: [toxic, topics] })
    clearToxic()
    expect(read()).toMatchObject({ entries: [topics] })
    clearTopics()
    expect(readdirSync(folder)).toEqual([])
  })

  test('of a living run is left alone, of a dead one is undone by any run, in its order', () => {
    openUndoLog(folder).register(toxic)
    const file = leave('1', [topics, toxic])
    expect(leftUndoLogs(folder)).toEqual([{ file, entries: [topics, toxic], isReadable: true }])
  })

  test('that cannot be read is reported', () => {
    const file = join(folder, 'undo-2.json')
    writeFileSync(file, '{"owner":')
    expect(leftUndoLogs(folder)).toEqual([{ file, entries: [], isReadable: false }])
    expect(leftUndoLogs(join(folder, 'no-such-folder'))).toEqual([])
  })
})
