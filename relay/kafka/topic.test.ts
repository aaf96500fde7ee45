/** A recreated topic is noticed once, whichever check notices it. */
import { expect, test } from 'vitest'
import { Topic } from './topic.ts'

function watched(...ids: readonly (string | undefined)[]) {
  const answers = [...ids]
  const reported: [string | undefined, boolean][] = []
  const found: string[] = []
  const topic = new Topic({
    ask: async () => answers.shift(),
    onFound: (id) => found.push(id),
    onReplaced: (id, isOther) => reported.push([id, isOther]),
  })
  return { found, reported, topic }
}

test('is another one when its id differs, and is reported once', async () => {
  const { reported, topic } = watched('a', 'a', 'b', 'b', 'b', 'b')
  await topic.find()
  await topic.follow()
  expect(reported).toEqual([])
  await Promise.all([topic.follow(), topic.replaced(), topic.replaced()])
  await topic.follow()
  expect(reported).toEqual([['b', true]])
})

test('is the same one, truncated, when offsets go back under the same id', async () => {
  const { reported, topic } = watched('a', 'a', 'a')
  await topic.find()
  await topic.replaced()
  await topic.follow()
  expect(reported).toEqual([['a', false]])
})

test('may be the same one when its id is unknown', async () => {
  const { found, reported, topic } = watched('a', undefined, 'b')
  await topic.find()
  await topic.replaced()
  expect(reported).toEqual([[undefined, false]])
  await topic.follow()
  expect(found).toEqual(['b'])
})

test('that was unknown is found later, and checked from then on', async () => {
  const { found, reported, topic } = watched(undefined, undefined, 'a', undefined, 'a', 'b', 'b')
  await topic.find()
  for (let count = 0; count < 4; count += 1) await topic.follow()
  expect([found, reported]).toEqual([['a'], []])
  await topic.follow()
  expect(reported).toEqual([['b', true]])
})
