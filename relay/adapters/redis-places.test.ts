/** Where Redis is looked for, attempt by attempt. */
import { expect, test } from 'vitest'
import { Places } from './redis-places.ts'

const url = 'rediss://user:pa%40ss@one:7000/0'
const at = (place: string) => `rediss://user:pa%40ss@${place}/0`

test('without a cluster at the configured address, whatever happens', () => {
  const places = new Places(url)
  expect(places.next()).toBe(url)
  places.refused('READONLY You can\'t write against a read only replica.')
  expect(places.next()).toBe(url)
  places.succeeded()
  expect([places.next(), places.next()]).toEqual([url, url])
})

test('in a cluster where its node says, with the same user, password and database', () => {
  const places = new Places(url)
  places.next()
  for (const [answer, place] of [
    ['MOVED 3999 127.0.0.1:6381', '127.0.0.1:6381'],
    ['MOVED 3999 ::1:6381', '[::1]:6381'],
    ['MOVED 3999 two.example:6382', 'two.example:6382'],
    ['MOVED 3999 :6383', 'two.example:6383'],
    ['MOVED 3999 ?:6384', 'two.example:6384'],
  ] as const) {
    places.refused(answer)
    expect(places.next()).toBe(at(place))
  }
})

test('a node that is gone is asked in turns with the configured address', () => {
  const places = new Places(url)
  places.next()
  places.refused('MOVED 1 two:7000')
  expect(places.next()).toBe(at('two:7000'))
  places.succeeded()
  const attempts = Array.from({ length: 4 }, () => places.next())
  expect(attempts).toEqual([url, at('two:7000'), url, at('two:7000')])
})

test('what names no address leads nowhere else', () => {
  const places = new Places(url)
  places.next()
  for (const answer of ['MOVED', 'MOVED 1 ', 'MOVED 1 host', 'MOVED x two:1', 'ASK 1 two:7000']) {
    places.refused(answer)
    expect(places.next()).toBe(url)
  }
})
