/** Who gets in: pages of allowed origins, and whoever has the token. */
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { refusalOf } from './admission.ts'

const request = (headers: Readonly<Record<string, string>>, url = '/ws') =>
  ({ headers: { host: 'relay:3002', ...headers }, url }) as unknown as IncomingMessage
const open = { allowedOrigins: ['http://app'], authToken: '' }
const all = { ...open, allowedOrigins: ['*'] }
const closed = { ...open, authToken: 'secret' }

test.each([
  ['no browser', request({}), open, undefined],
  ['the own origin', request({ origin: 'http://relay:3002' }), open, undefined],
  ['an allowed origin', request({ origin: 'http://app' }), open, undefined],
  ['another origin', request({ origin: 'http://evil' }), open, 403],
  ['an origin that only begins alike', request({ origin: 'http://app.evil' }), open, 403],
  ['the null origin', request({ origin: 'null' }), open, 403],
  ['any origin, where all are allowed', request({ origin: 'x' }), all, undefined],
  ['no token', request({}), closed, 401],
  ['a wrong token', request({ authorization: 'Bearer wrong' }), closed, 401],
  ['the token', request({ authorization: 'Bearer secret' }), closed, undefined],
  ['the token in the query', request({}, '/ws?token=secret'), closed, undefined],
  ['a request line that is no URL', request({}, '//'), closed, 401],
])('%s', (_claim, from, settings, status) => {
  expect(refusalOf(from, settings)?.status).toBe(status)
})
