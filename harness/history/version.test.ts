/** The versions of the format: the one before is read as today's, a newer one is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import { timeOf, type ColdKind, type EventOf } from './event.ts'
import { readHistory } from './history.ts'
import { openJournal } from './journal.ts'
import { formatOf, historyVersion, versionLine } from './version.ts'
import { eventOfVersion1, type LaterKind } from './version-1.ts'

/** Every kind that is an object today, as version 1 wrote it, and what it is now. */
const upgrades: {
  readonly [K in Exclude<ColdKind, LaterKind>]: readonly [readonly unknown[], EventOf<K>]
} = {
  dropped: [['dropped', 1, 3, 'full'], { kind: 'dropped', t: 1, count: 3, why: 'full' }],
  aborted: [['aborted', 1, 0, '7'], { kind: 'aborted', t: 1, partition: 0, offset: '7' }],
  opened: [['opened', 1, 2, 'g'], { kind: 'opened', t: 1, client: 2, group: 'g' }],
  refused: [
    ['refused', 1, 'g', 429, 'full'],
    { kind: 'refused', t: 1, group: 'g', status: 429, why: 'full' },
  ],
  closed: [
    ['closed', 1, 2, 1_006, 'cut', 'relay'],
    { kind: 'closed', t: 1, client: 2, code: 1_006, reason: 'cut', by: 'relay' },
  ],
  stalled: [['stalled', 1, 2, true], { kind: 'stalled', t: 1, client: 2, isStalled: true }],
  page: [
    ['page', 1, '/version', 200, null],
    { kind: 'page', t: 1, path: '/version', status: 200, body: null },
  ],
  deadletter: [['deadletter', 1, { a: 1 }], { kind: 'deadletter', t: 1, fields: { a: 1 } }],
  fault: [
    ['fault', 1, 'p/0-cut', 'active', { ms: 9 }],
    { kind: 'fault', t: 1, id: 'p/0-cut', step: 'active', evidence: { ms: 9 } },
  ],
  phase: [
    ['phase', 1, 'steady', 'end', 'late'],
    { kind: 'phase', t: 1, name: 'steady', edge: 'end', why: 'late' },
  ],
  process: [
    ['process', 1, 'relay', 7, 'exit', null, 'SIGKILL'],
    { kind: 'process', t: 1, role: 'relay', pid: 7, edge: 'exit', code: null, signal: 'SIGKILL' },
  ],
  trouble: [['trouble', 1, 'a', 'b'], { kind: 'trouble', t: 1, where: 'a', what: 'b' }],
  log: [['log', 1, 'relay', 'x'], { kind: 'log', t: 1, role: 'relay', line: 'x' }],
}
const rows = Object.values(upgrades)

describe('an event of version 1', () => {
  test.each(rows)('%j is an object now', (tuple, event) => {
    expect(eventOfVersion1(tuple)).toStrictEqual(event)
  })

  test('that has no reason has none now, and one that is hot stays as it was', () => {
    const phase = { kind: 'phase', t: 1, name: 'steady', edge: 'begin' }
    expect(eventOfVersion1(['phase', 1, 'steady', 'begin'])).toStrictEqual(phase)
    expect(eventOfVersion1(['sent', 1, 2, 'reset', 1])).toEqual(['sent', 1, 2, 'reset', 1])
  })

  test('that injects a fault has the effects that its name had', () => {
    const evidence = { fault: 'stall', hop: 'clients', group: 'g' }
    expect(eventOfVersion1(['fault', 1, 'p/0-stall', 'inject', evidence])).toStrictEqual({
      kind: 'fault',
      t: 1,
      id: 'p/0-stall',
      step: 'inject',
      evidence,
      effects: { on: 'client-link', group: 'g', does: ['slows', 'backs-up', 'severs'] },
    })
    const unknown = eventOfVersion1(['fault', 1, 'p/0-x', 'inject', { fault: 'unheard-of' }])
    expect(unknown).not.toHaveProperty('effects')
  })

  test.each([
    ['too short', ['opened', 1, 2]],
    ['without a time', ['opened', null, 2, 'g']],
    ['of no kind', ['unheard-of', 1, 2, 3]],
    ['of a later version', { kind: 'opened', t: 1, client: 2, group: 'g' }],
  ])('%s is none', (_, value) => expect(eventOfVersion1(value)).toBeUndefined())
})

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'version-'))
})
afterEach(() => rmSync(folder, { recursive: true }))
const write = (name: string, text: string) => writeFileSync(join(folder, name), text)

/** A journal as version 1 wrote it, its end mark included. */
function version1(...tuples: readonly (readonly unknown[])[]): string {
  const text = tuples.map((tuple) => `${JSON.stringify(tuple)}\n`).join('')
  const counts = Object.fromEntries(tuples.map(([kind]) => [kind, 1]))
  const head = `["end",9,${JSON.stringify(counts)},`
  return `${text}${head}${crc32(head, crc32(text))}]\n`
}

describe('a journal', () => {
  test('without a version is of version 1, its end mark included', () => {
    write('old.ndjson', version1(...rows.map(([tuple]) => tuple)))
    const history = readHistory(folder)
    expect(history.journals).toEqual([{ name: 'old.ndjson', end: 'whole' }])
    expect(history.readFaults).toEqual({ truncated: 0, tooLong: 0, garbled: 0 })
    expect(history.events('closed')).toEqual([upgrades.closed[1]])
    expect(history.faults).toMatchObject([{ id: 'p/0-cut', isActive: true }])
  })

  test('of version 1 may stand beside one of today', () => {
    write('old.ndjson', version1(['opened', 2, 1, 'g']))
    const journal = openJournal(new ManualClock(), join(folder, 'new.ndjson'), 0)
    journal.write(upgrades.opened[1])
    journal.close()
    const history = readHistory(folder)
    expect(history.journals?.map(({ end }) => end)).toEqual(['whole', 'whole'])
    expect(history.events('opened').map(timeOf)).toEqual([1, 2])
  })

  test('of version 1 that lost a line, or whose mark was altered, is not whole', () => {
    const lines = version1(['opened', 2, 1, 'g'], ['closed', 3, 1, 1_000, '', 'relay']).split('\n')
    write('a.ndjson', lines.toSpliced(1, 1).join('\n'))
    write('b.ndjson', lines.join('\n').replace('"opened":1', '"opened":2'))
    expect(readHistory(folder).journals?.map(({ end }) => end)).toEqual(['altered', 'altered'])
  })

  test('that lost its version is no journal of today', () => {
    const journal = openJournal(new ManualClock(), join(folder, 'a.ndjson'), 0)
    journal.write(upgrades.opened[1])
    journal.close()
    const [, ...rest] = readFileSync(join(folder, 'a.ndjson'), 'utf8').split('\n')
    write('a.ndjson', rest.join('\n'))
    const { readFaults, journals } = readHistory(folder)
    expect(readFaults.garbled).toBe(2)
    expect(journals?.map(({ end }) => end)).toEqual(['unmarked'])
  })

  test('of a newer version is refused in one sentence', () => {
    write('fleet.ndjson', `${JSON.stringify({ kind: 'version', t: 0, version: 3 })}\n`)
    expect(() => readHistory(folder)).toThrow(
      'fleet.ndjson must be a history of version 2 or older, and is of version 3\n' +
        '  fix: judge it with the version of chaos that wrote it, or a newer one',
    )
  })
})

test.each([
  [undefined, 1],
  [['opened', 1, 2, 'g'], 1],
  [{ kind: 'version', t: 0 }, 1],
  [{ kind: 'version', t: 0, version: 'two' }, 1],
  [JSON.parse(versionLine), historyVersion],
])('the first line %j is of version %i', (line, version) => {
  expect(formatOf('a', line).version).toBe(version)
})

test.each([0, -1, 3, 2_000])('there is no version %i', (version) => {
  expect(() => formatOf('a', { kind: 'version', t: 0, version })).toThrow(`version ${version}`)
})
