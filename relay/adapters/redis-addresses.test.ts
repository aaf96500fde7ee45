/** Where Redis is looked for, attempt by attempt. */
import { expect, test } from 'vitest'
import { RedisAddresses } from './redis-addresses.ts'

const url = 'rediss://user:pa%40ss@one:7000/0'
const at = (target: string) => `rediss://user:pa%40ss@${target}/0`

test('without a cluster at the configured address, whatever happens', () => {
  const addresses = new RedisAddresses(url)
  expect(addresses.next()).toBe(url)
  addresses.refused('READONLY You can\'t write against a read only replica.')
  expect(addresses.next()).toBe(url)
  addresses.succeeded()
  expect([addresses.next(), addresses.next()]).toEqual([url, url])
})

test('in a cluster where its node says, with the same user, password and database', () => {
  const addresses = new RedisAddresses(url)
  addresses.next()
  for (const [answer, target] of [
    ['MOVED 3999 127.0.0.1:6381', '127.0.0.1:6381'],
    ['MOVED 3999 ::1:6381', '[::1]:6381'],
    ['MOVED 3999 two.example:6382', 'two.example:6382'],
    ['MOVED 3999 :6383', 'two.example:6383'],
    ['MOVED 3999 ?:6384', 'two.example:6384'],
  ] as const) {
    addresses.refused(answer)
    expect(addresses.next()).toBe(at(target))
  }
})

test('a node that is gone is asked in turns with the configured address', () => {
  const addresses = new RedisAddresses(url)
  addresses.next()
  addresses.refused('MOVED 1 two:7000')
  expect(addresses.next()).toBe(at('two:7000'))
  addresses.succeeded()
  const attempts = Array.from({ length: 4 }, () => addresses.next())
  expect(attempts).toEqual([url, at('two:7000'), url, at('two:7000')])
})

test('what names no address leads nowhere else', () => {
  const addresses = new RedisAddresses(url)
  addresses.next()
  for (const answer of ['MOVED', 'MOVED 1 ', 'MOVED 1 host', 'MOVED x two:1', 'ASK 1 two:7000']) {
    addresses.refused(answer)
    expect(addresses.next()).toBe(url)
  }
})
