/** The line that `chaos load` prints, and what `chaos topics` takes. */
import { expect, it } from 'vitest'
import { UsageError } from '../world/exit-codes.ts'
import { lineOf } from './load.ts'
import { topicOf } from './topics.ts'

it('says what happened, and what is wrong now', () => {
  const fed = { sent: 100, lost: 0, trouble: undefined }
  const heard = { open: 8, records: 800, ended: 0, trouble: undefined }
  expect(lineOf(fed, heard, 8)).toBe(
    'sent 100 records, 8 of 8 clients got 800, 0 connections ended',
  )
  const broken = { ...heard, open: 0, ended: 8, trouble: 'ECONNREFUSED' }
  expect(lineOf({ ...fed, lost: 9, trouble: 'no broker\n  fix: x' }, broken, 8)).toBe(
    'sent 100 records (9 not taken), 0 of 8 clients got 800, 8 connections ended, ' +
      'Kafka: no broker, clients: ECONNREFUSED',
  )
})

it('takes topics with their partitions', () => {
  expect(topicOf('events-1.a:4')).toEqual({ name: 'events-1.a', partitions: 4 })
  for (const text of ['events', 'events:', 'events:0', 'events:9999', 'a b:1', ':1']) {
    expect(() => topicOf(text)).toThrow(UsageError)
  }
})
