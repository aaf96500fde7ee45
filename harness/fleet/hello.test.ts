/** The Host header of a client and what it says of itself, over every route to the relay. */
import { expect, test } from 'vitest'
import type { Claim } from './group.ts'
import { helloOf } from './hello.ts'

function linesOf(claims?: Claim): string[] {
  const spec = { count: 1, reads: 'fast', ...(claims !== undefined && { claims }) } as const
  const url = 'ws://127.0.0.1:5000/ws'
  const joiner = { number: 258, group: 'g', url, host: 'relay:3002', token: undefined, spec }
  const lines = helloOf(joiner, '0').request.split('\r\n')
  return lines.filter((line) => /^(?:Host|Origin|X-Forwarded-For):/.test(line))
}

test.each<readonly [string, Claim | undefined, readonly string[]]>([
  ['itself', undefined, ['Host: relay:3002']],
  ['another address', 'another-address', ['Host: relay:3002', 'X-Forwarded-For: 10.1.2.1']],
  [
    'a page of another site',
    'another-origin',
    ['Host: relay:3002', 'Origin: http://page.elsewhere.example'],
  ],
  [
    'a page whose own name leads to the relay',
    'another-name',
    ['Host: page.elsewhere.example', 'Origin: http://page.elsewhere.example'],
  ],
])('through a proxy, as %s', (_, claims, wanted) => expect(linesOf(claims)).toEqual(wanted))
