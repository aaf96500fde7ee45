/** A topic that follows another one of its name is seen once, whoever notices it. */
import { expect, test } from 'vitest'
import { Topic } from './topic.ts'

function watched(...ids: readonly (string | undefined)[]) {
  const answers = [...ids]
  const told: [string | undefined, boolean][] = []
  const found: string[] = []
  const topic = new Topic({
    ask: async () => answers.shift(),
    onFound: (id) => found.push(id),
    onReplaced: (id, isOther) => told.push([id, isOther]),
  })
  return { found, told, topic }
}

test('is another one when its id is another, and told once', async () => {
  const { told, topic } = watched('a', 'a', 'b', 'b', 'b', 'b')
  await topic.find()
  await topic.follow()
  expect(told).toEqual([])
  await Promise.all([topic.follow(), topic.replaced(), topic.replaced()])
  await topic.follow()
  expect(told).toEqual([['b', true]])
})

test('is the same one, truncated, when offsets go back under the same id', async () => {
  const { told, topic } = watched('a', 'a', 'a')
  await topic.find()
  await topic.replaced()
  await topic.follow()
  expect(told).toEqual([['a', false]])
})

test('may be the same one when nobody says which it is', async () => {
  const { found, told, topic } = watched('a', undefined, 'b')
  await topic.find()
  await topic.replaced()
  expect(told).toEqual([[undefined, false]])
  await topic.follow()
  expect(found).toEqual(['b'])
})

test('that nobody knew is found later, and followed from then on', async () => {
  const { found, told, topic } = watched(undefined, undefined, 'a', undefined, 'a', 'b', 'b')
  await topic.find()
  for (let count = 0; count < 4; count += 1) await topic.follow()
  expect([found, told]).toEqual([['a'], []])
  await topic.follow()
  expect(told).toEqual([['b', true]])
})
