/** Debts: on disk before they are made, off it once they are paid, found when their owner died. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { leftDebts, openDebts, type Debt } from './undo-log.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'debts-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const addresses = { listen: '127.0.0.1:2', upstream: '127.0.0.1:3' }
const link = { name: 'redis', hop: 'redis', ...addresses } as const
const gone = 'http://127.0.0.1:1'
const toxic: Debt = { mend: 'remove-toxic', api: gone, link, name: 'stall' }
const topics: Debt = { mend: 'delete-topics', brokers: ['127.0.0.1:1'], topics: ['a', 'b'] }

/** A page as a killed run leaves it. */
function leave(name: string, debts: readonly Debt[]): string {
  const file = join(folder, `debts-${name}.json`)
  writeFileSync(file, JSON.stringify({ owner: { pid: process.pid, start: 'yesterday' }, debts }))
  return file
}

describe('a page of debts', () => {
  test('stands on disk from before a debt is made until all are paid', () => {
    const debts = openDebts(folder)
    const strikeToxic = debts.owe(toxic)
    const strikeTopics = debts.owe(topics)
    const [name] = readdirSync(folder)
    const read = () => JSON.parse(readFileSync(join(folder, name ?? ''), 'utf8')) as unknown
    expect(read()).toMatchObject({ owner: { pid: process.pid }, debts: [toxic, topics] })
    strikeToxic()
    expect(read()).toMatchObject({ debts: [topics] })
    strikeTopics()
    expect(readdirSync(folder)).toEqual([])
  })

  test('of a living run is nobody else’s, of a dead one everybody’s, in its order', () => {
    openDebts(folder).owe(toxic)
    const file = leave('1', [topics, toxic])
    expect(leftDebts(folder)).toEqual([{ file, debts: [topics, toxic], isReadable: true }])
  })

  test('that cannot be read is told', () => {
    const file = join(folder, 'debts-2.json')
    writeFileSync(file, '{"owner":')
    expect(leftDebts(folder)).toEqual([{ file, debts: [], isReadable: false }])
    expect(leftDebts(join(folder, 'no-such-folder'))).toEqual([])
  })
})
