import { expect, test } from 'vitest'
import { Backoff } from './backoff.ts'

test('waits double up to their limit, and start again after a success', () => {
  const backoff = new Backoff({ firstMs: 100, mostMs: 350 })
  const waits = () => [1, 2, 3, 4].map(() => backoff.failed())
  expect(waits()).toEqual([100, 200, 350, 350])
  backoff.succeeded()
  expect(waits()).toEqual([100, 200, 350, 350])
})
