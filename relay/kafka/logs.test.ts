/** The ends of logs for which clients wait: asked for once for all of them, and never for ever. */
import { expect, test } from 'vitest'
import { ManualClock, settled } from '../world/manual-clock-testbed.ts'
import type { KafkaAdmin } from './kafka-admin.ts'
import { Logs } from './logs.ts'

function bench() {
  const clock = new ManualClock()
  const questions: PromiseWithResolvers<ReadonlyMap<number, bigint>>[] = []
  const admin = {
    logEnds() {
      const question = Promise.withResolvers<ReadonlyMap<number, bigint>>()
      questions.push(question)
      return question.promise
    },
  } as unknown as KafkaAdmin
  const logs = new Logs({ clock, admin, settings: { kafkaGroupId: 'g', kafkaTopic: 't' } })
  return { clock, logs, questions }
}

test('all who wait share a question, and who comes later needs another one', async () => {
  const { clock, logs, questions } = bench()
  expect([logs.hasAskedEnds(0), logs.hasAskedEnds(0)]).toEqual([false, false])
  clock.advance(5)
  const laterMs = clock.nowMs()
  expect(logs.hasAskedEnds(laterMs)).toBe(false)
  expect(questions).toHaveLength(1)
  questions[0]?.resolve(new Map([[2, 750n]]))
  await settled()
  expect([logs.hasAskedEnds(0), logs.end(2)]).toEqual([true, 750n])
  expect(logs.hasAskedEnds(laterMs)).toBe(false)
  expect(questions).toHaveLength(2)
})

test('a question that failed is over, and changes nothing', async () => {
  const { logs, questions } = bench()
  logs.hasAskedEnds(0)
  questions[0]?.reject(new Error('no broker'))
  await settled()
  expect([logs.hasAskedEnds(0), logs.end(2)]).toEqual([true, undefined])
})

test('an answer about a topic that was replaced meanwhile is nothing', async () => {
  const { logs, questions } = bench()
  logs.hasAskedEnds(0)
  logs.forget()
  questions[0]?.resolve(new Map([[2, 750n]]))
  await settled()
  expect(logs.end(2)).toBeUndefined()
})
