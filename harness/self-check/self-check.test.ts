import { describe, expect, it } from 'vitest'
import { damages } from './damages.ts'
import { matrixOf, sayRate } from './matrix.ts'
import { recordingsFolder, recordingsIn } from './recording.ts'

const recordings = recordingsIn(recordingsFolder)
const matrix = matrixOf(recordings, damages)

describe('the check of the harness itself', () => {
  it('knows many kinds of damage, each by a name of its own', () => {
    expect(damages.length).toBeGreaterThanOrEqual(60)
    expect(new Set(damages.map(({ name }) => name)).size).toBe(damages.length)
    for (const { finds, says } of damages) expect([finds.length > 0, says]).toEqual([true, says])
  })

  it('begins with healthy runs', () => {
    const ill = matrix.patients.filter(({ illness }) => illness !== undefined)
    for (const one of ill) tell(`${one.scenario} must be recorded again: ${one.illness}`)
    expect(matrix.patients.length).toBeGreaterThan(0)
    expect(ill).toEqual([])
  })

  it('finds every damage by name', () => {
    tell(sayRate(matrix))
    const missed = matrix.cells.filter(({ is }) => is === 'missed')
    expect(missed.map((one) => `${one.damage} in ${one.scenario}: ${one.says}`)).toEqual([])
  })

  it('does each kind of damage to some recording', () => {
    const done = new Set(
      matrix.cells.flatMap(({ is, damage }) => (is === 'found' ? [damage] : [])),
    )
    expect(damages.map(({ name }) => name).filter((name) => !done.has(name))).toEqual([])
  })
})

const tell = (text: string) => void process.stdout.write(`${text}\n`)
