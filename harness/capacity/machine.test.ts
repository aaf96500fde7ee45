import { expect, test } from 'vitest'
import { readMachineTimes, timesBetween } from './machine.ts'

test('what is stolen is neither busy nor idle, and guests are counted once', () => {
  const from = readMachineTimes('cpu  100 0 50 800 20 0 10 20 7 0\ncpu0 1 2 3 4 5 6 7 8\n')
  const to = readMachineTimes('cpu  150 10 70 850 20 0 10 90 50 0\n')
  expect(from).toEqual({ all: 1_000, busy: 160, stolen: 20 })
  expect(timesBetween(from!, to!)).toEqual({ all: 200, busy: 80, stolen: 70 })
})

test('a text of another kind is nothing', () => {
  expect(readMachineTimes('intr 1 2 3\n')).toBeUndefined()
})
