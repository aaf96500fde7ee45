/** For which address a request counts: the nearest one that cannot be forged. */
import * as fc from 'fast-check'
import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { isRange } from '../tables/address-ranges.ts'
import { createClientAddress } from './client-address.ts'

const request = (remoteAddress: string | undefined, ...forwarded: readonly string[]) =>
  ({
    socket: { remoteAddress },
    headersDistinct: forwarded.length === 0 ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage

const address = createClientAddress(['10.0.0.0/8', '::1', '2001:db8::/32', '::ffff:11.0.0.0/104'])

describe('the address is', () => {
  test.each([
    ['the peer, when it is not trusted', request('1.2.3.4', '9.9.9.9'), '1.2.3.4'],
    ['the hop before a trusted peer', request('10.0.0.1', '9.9.9.9'), '9.9.9.9'],
    ['the right-most stranger', request('10.0.0.1', '6.6.6.6, 9.9.9.9, 10.1.1.1'), '9.9.9.9'],
    ['found over all lines of the header', request('10.0.0.1', '6.6.6.6', '9.9.9.9'), '9.9.9.9'],
    ['the proxy, when it forwards no address', request('10.0.0.1', '6.6.6.6, unknown'), '10.0.0.1'],
    ['the proxy, when an entry is empty', request('10.0.0.1', '6.6.6.6,'), '10.0.0.1'],
    ['the proxy, when a line is empty', request('10.0.0.1', '6.6.6.6', ''), '10.0.0.1'],
    ['the proxy, when an entry is a number', request('10.0.0.1', '6.6.6.6, 151587081'), '10.0.0.1'],
    ['the proxy, when an entry is octal', request('10.0.0.1', '6.6.6.6, 011.1.1.1'), '10.0.0.1'],
    ['the proxy, when it adds nothing', request('10.0.0.1'), '10.0.0.1'],
    ['the last hop, when all are trusted', request('10.0.0.1', '10.0.0.3, 10.0.0.2'), '10.0.0.3'],
    ['read without its port', request('10.0.0.1', '6.6.6.6, 9.9.9.9:80'), '9.9.9.9'],
    ['read without brackets', request('10.0.0.1', '[2a00:1::5]'), '2a00:1::/64'],
    ['read without brackets and port', request('::1', '[2a00:1::5]:80'), '2a00:1::/64'],
    ['trusted in its mapped range, too', request('11.0.0.1', '9.9.9.9'), '9.9.9.9'],
    ['one spelling for a mapped address', request('::ffff:1.2.3.4'), '1.2.3.4'],
    ['the proxy, when the proxy is mapped', request('::ffff:10.0.0.1', '9.9.9.9'), '9.9.9.9'],
    ['the network, for IPv6', request('::1', '2001:DB9:0:0:ffff::1'), '2001:db9::/64'],
    ['the network, also with a zone', request('fe80::1%eth0'), 'fe80::/64'],
    ['distinguished from none', request(undefined), 'unknown'],
  ])('%s', (_claim, from, wanted) => {
    expect(address.of(from)).toBe(wanted)
  })
})

describe('a request is of this machine', () => {
  const of = (trusted: readonly string[]) => createClientAddress(trusted)
  const also = (name: string) => {
    return Object.assign(request('127.0.0.1'), { headersDistinct: { [name]: ['for=9.9.9.9'] } })
  }

  test.each([
    ['by IPv4', request('127.0.0.1'), true],
    ['by any address of loopback', request('127.9.9.9'), true],
    ['by IPv6', request('::1'), true],
    ['by a mapped address', request('::ffff:127.0.0.1'), true],
    ['through a proxy that says so', request('127.0.0.1', '127.0.0.1, 127.0.0.2'), true],
    ['not by a neighbour of ::1', request('::2'), false],
    ['not from elsewhere', request('10.0.0.1'), false],
    ['not without an address', request(undefined), false],
    ['not through a proxy from elsewhere', request('127.0.0.1', '127.0.0.1, 9.9.9.9'), false],
    ['not if any hop is from elsewhere', request('127.0.0.1', '9.9.9.9, 127.0.0.1'), false],
    ['not if a hop can be anybody', request('127.0.0.1', 'unknown'), false],
    ['not if a hop is empty', request('127.0.0.1', ''), false],
    ['not if another proxy says that it was forwarded', also('forwarded'), false],
    ['nor in yet another way', also('x-real-ip'), false],
  ])('%s', (_, from, wanted) => {
    expect(of(['127.0.0.0/8', '::1']).isLocal(from)).toBe(wanted)
  })
  test('not through an unknown proxy, whatever it says', () => {
    expect(of([]).isLocal(request('127.0.0.1', '127.0.0.1'))).toBe(false)
  })
})

const word = fc.nat(0xffff).map((value) => value.toString(16))
const words = (count: number) => fc.array(word, { minLength: count, maxLength: count })
/** Not of a trusted range. */
const stranger = fc.oneof(
  fc.ipV4().filter((ip) => !/^1[01]\./.test(ip)),
  words(7).map((rest) => `2a00:${rest.join(':')}`),
)
const proxy = fc.constantFrom('10.0.0.1', '10.9.8.7', '2001:db8::7', '::ffff:10.1.1.1', '::1')
const garbage = fc.oneof(
  fc.constantFrom('', 'unknown', '_hidden', '1.2.3', '1.2.3.4:', '[::1', '1.2.3.4/8', '0x7f.1'),
  fc.string().filter((text) => !/[,.:]/.test(text)),
)

test('two addresses of one /64 count as one, and of two networks as two', () => {
  const isKept = fc.property(words(4), words(4), words(4), (network, a, b) => {
    const of = (host: readonly string[], net = network) =>
      address.of(request(`2a00:${[...net.slice(1), ...host].join(':')}`))
    const other = [...network.slice(0, 3), network[3] === '0' ? '1' : '0']
    expect(of(a)).toBe(of(b))
    expect(of(a)).not.toBe(of(a, other))
  })
  expect(() => fc.assert(isKept)).not.toThrow()
})

test('nothing that a client writes left of what the proxies wrote changes its address', () => {
  const lines = fc.array(fc.oneof(stranger, proxy, garbage, fc.string()), { maxLength: 6 })
  const written = fc.oneof(stranger, garbage)
  const hops = fc.array(proxy, { maxLength: 3 })
  const isKept = fc.property(lines, written, hops, proxy, (forged, own, way, peer) => {
    const honest = address.of(request(peer, [own, ...way].join(', ')))
    expect(address.of(request(peer, [...forged, own, ...way].join(', ')))).toBe(honest)
    expect(address.of(request(peer, ...forged, [own, ...way].join(',')))).toBe(honest)
    expect(address.of(request('1.2.3.4', ...forged, own, ...way))).toBe('1.2.3.4')
  })
  expect(() => fc.assert(isKept)).not.toThrow()
})

test('an IPv4 address and its mapped form count as one, behind a proxy and without', () => {
  const isKept = fc.property(fc.ipV4(), (ip) => {
    expect(address.of(request(`::ffff:${ip}`))).toBe(ip)
    expect(address.of(request('::1', `[::ffff:${ip}]:1`))).toBe(ip)
  })
  expect(() => fc.assert(isKept)).not.toThrow()
})

test.each([
  ['10.0.0.1', true],
  ['10.0.0.0/8', true],
  ['::1', true],
  ['2001:db8::/32', true],
  ['::ffff:10.0.0.0/104', true],
  ['::ffff:10.0.0.0/95', false],
  ['10.0.0.0/33', false],
  ['10.0.0.0/8/8', false],
  ['10.0.0.0/', false],
  ['10/8', false],
  ['proxy.local', false],
  ['', false],
])('%j is a range: %s', (text, wanted) => {
  expect(isRange(text)).toBe(wanted)
})
