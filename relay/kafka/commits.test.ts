/** Commits only move forward, whichever member made the last one. */
import { expect, test } from 'vitest'
import type { Logger } from '../adapters/logger.ts'
import { Commits, Committer } from './commits.ts'
import { createMetrics } from '../metrics/metrics.ts'
import type { OffsetPolicy } from './seam.ts'

const offsets = (...entries: readonly (readonly [number, bigint])[]) => new Map(entries)

test('a rival that went further is not taken back', async () => {
  const commits = new Commits(async () => offsets([0, 60n], [1, 5n]))
  expect(await commits.ahead(offsets([0, 10n], [1, 6n], [2, 0n]))).toEqual(
    offsets([1, 6n], [2, 0n]),
  )
  expect(await commits.ahead(offsets([0, 61n]))).toEqual(offsets([0, 61n]))
})

test('what was taken is not committed again', async () => {
  const commits = new Commits(async () => offsets())
  commits.taken(await commits.ahead(offsets([0, 7n])))
  expect(await commits.ahead(offsets([0, 7n]))).toEqual(offsets())
  expect(await commits.ahead(offsets([0, 8n]))).toEqual(offsets([0, 8n]))
})

test('nothing is committed before the group has answered; it is asked until it does', async () => {
  let asked = 0
  const commits = new Commits(async () => {
    asked += 1
    if (asked < 3) throw new Error('no answer')
    return offsets([0, 60n])
  })
  await expect(commits.ahead(offsets([0, 10n]))).rejects.toThrow('no answer')
  await expect(commits.ahead(offsets([0, 10n]))).rejects.toThrow('no answer')
  expect(await commits.ahead(offsets([0, 10n]))).toEqual(offsets())
  await commits.ahead(offsets([0, 11n]))
  expect(asked).toBe(3)
})

test('a group learns where reading begins at once, unless the policy keeps it back', async () => {
  const commitsOf = async (toCommit: OffsetPolicy['toCommit']) => {
    const commits: ReadonlyMap<number, bigint>[] = []
    const next = offsets([0, 5n], [1, 9n])
    const committer = new Committer({
      metrics: createMetrics(false),
      logger: { warn: () => undefined } as unknown as Logger,
      policy: { toCommit },
      offsets: () => next,
      ask: async () => offsets(),
      commit: async (taken) => void commits.push(taken),
    })
    await committer.found(offsets([0, 5n], [1, 5n]))
    committer.begun(offsets([0, 5n], [1, 5n]))
    await committer.now()
    return commits
  }
  const all = [offsets([0, 5n], [1, 5n]), offsets([0, 5n], [1, 9n])]
  expect(await commitsOf((next) => next)).toEqual(all)
  const read = await commitsOf((next, begun) => (next === begun ? undefined : next))
  expect(read).toEqual([offsets([1, 9n])])
})
