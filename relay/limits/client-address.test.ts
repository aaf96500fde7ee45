/** Which address a request is counted for: the nearest one that nobody could have invented. */
import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createClientAddress, isRange } from './client-address.ts'

const request = (remoteAddress: string | undefined, ...forwarded: readonly string[]) =>
  ({
    socket: { remoteAddress },
    headersDistinct: forwarded.length === 0 ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage

const address = createClientAddress(['10.0.0.0/8', '::1', '2001:db8::/32'])

describe('the address is', () => {
  test.each([
    ['the peer, when it is not trusted', request('1.2.3.4', '9.9.9.9'), '1.2.3.4'],
    ['the hop before a trusted peer', request('10.0.0.1', '9.9.9.9'), '9.9.9.9'],
    ['the right-most stranger', request('10.0.0.1', '6.6.6.6, 9.9.9.9, 10.1.1.1'), '9.9.9.9'],
    ['found over all lines of the header', request('10.0.0.1', '6.6.6.6', '9.9.9.9'), '9.9.9.9'],
    ['the proxy, when it forwards no address', request('10.0.0.1', '6.6.6.6, unknown'), '10.0.0.1'],
    ['the proxy, when an entry has a port', request('10.0.0.1', '6.6.6.6, 9.9.9.9:80'), '10.0.0.1'],
    ['the proxy, when it adds nothing', request('10.0.0.1'), '10.0.0.1'],
    ['one spelling for a mapped address', request('::ffff:1.2.3.4'), '1.2.3.4'],
    ['one spelling for IPv6', request('::1', '2001:DB9:0:0::1'), '2001:db9::1'],
    ['told apart from none', request(undefined), 'unknown'],
  ])('%s', (_claim, from, wanted) => {
    expect(address.of(from)).toBe(wanted)
  })
})

test.each([
  ['10.0.0.1', true],
  ['10.0.0.0/8', true],
  ['::1', true],
  ['2001:db8::/32', true],
  ['10.0.0.0/33', false],
  ['proxy.local', false],
  ['', false],
])('%j is a range: %s', (text, wanted) => {
  expect(isRange(text)).toBe(wanted)
})
