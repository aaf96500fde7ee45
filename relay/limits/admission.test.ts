/** Access: an accepted Host header, a page of an allowed origin, or the token. */
import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { ClientAddress } from './seam.ts'
import { type Environment, parseSettings } from '../tables/settings-parse.ts'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { createAdmission } from './admission.ts'

const problemsOf = (env: Environment) => {
  const parsed = parseSettings(env)
  return parsed.ok ? [] : parsed.problems
}

function admissionOf(env: Environment) {
  const parsed = parseSettings(env)
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const address: ClientAddress = {
    of: ({ headers }) => String(headers['x']),
    isLocal: () => true,
  }
  const clock = new ManualClock()
  return { clock, admission: createAdmission(clock, parsed.settings, address) }
}

function request(headers: Readonly<Record<string, string>>, url = '/ws'): IncomingMessage {
  const all: Readonly<Record<string, string>> = { host: 'relay:3002', x: 'here', ...headers }
  const distinct = Object.entries(all).map(([name, value]) => [name, [value]] as const)
  const headersDistinct = Object.fromEntries(distinct)
  return { headers: all, headersDistinct, url } as unknown as IncomingMessage
}
const open = { WEBSOCKET_ALLOWED_ORIGINS: 'http://app' }
const all = { WEBSOCKET_ALLOWED_ORIGINS: '*' }
const closed = { WEBSOCKET_AUTH_TOKEN: 'secret' }

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
  ['the token behind another question mark', request({}, '/ws?a?&token=secret'), closed, undefined],
  ['a request line that is no URL', request({}, '//'), closed, 401],
])('%s', (_claim, from, env, status) => {
  expect(admissionOf(env).admission.refusal(from)?.status).toBe(status)
})

describe('an origin is compared as a browser means it', () => {
  test.each([
    ['HTTPS://App.Example/', 'https://app.example'],
    ['https://app.example:443', 'https://app.example'],
    ['http://app.example:80', 'http://app.example'],
    ['http://app.example', 'http://app.example:80'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['https://[2001:DB8:0::1]', 'https://[2001:db8::1]'],
    ['chrome-extension://ABCdef', 'chrome-extension://abcdef'],
    ['null', 'null'],
  ])('%s in the setting is %s of a page', (entry, origin) => {
    const { admission } = admissionOf({ WEBSOCKET_ALLOWED_ORIGINS: ` ${entry} ` })
    expect(admission.refusal(request({ origin }))).toBeUndefined()
  })
  test.each([
    ['https://app.example', 'http://app.example'],
    ['https://app.example', 'https://app.example:444'],
    ['https://app.example', 'https://a.app.example'],
    ['https://app.example', 'https://app.example@evil.example'],
  ])('%s in the setting is not %s', (entry, origin) => {
    const { admission } = admissionOf({ WEBSOCKET_ALLOWED_ORIGINS: entry })
    expect(admission.refusal(request({ origin }))?.status).toBe(403)
  })
  test.each([
    ['http://localhost', 'localhost:80'],
    ['https://relay.example', 'relay.example:443'],
    ['http://LOCALHOST:3002', 'localhost:3002'],
  ])('%s is at home at %s', (origin, host) => {
    expect(admissionOf({}).admission.refusal(request({ origin, host }))).toBeUndefined()
  })
})

describe('a setting that can never match is refused', () => {
  test.each([
    'app.example',
    'https://app.example/path',
    'https://app.example?x',
    'https://*.app.example',
    'https://me@app.example',
    'wss://app.example',
    'https://',
    'https://app.example:99999',
  ])('origin %s', (entry) => {
    const [problem, ...more] = problemsOf({ WEBSOCKET_ALLOWED_ORIGINS: `http://a, ${entry}` })
    expect(more).toEqual([])
    expect(problem).toContain(entry)
    expect(problem).toContain('WEBSOCKET_ALLOWED_ORIGINS')
  })
  test.each(['http://relay', 'relay/ws', 'a.*.example', 'relay:port', 'relay:99999', '*.', 'a b'])(
    'host %s',
    (entry) => {
      const [problem, ...more] = problemsOf({ WEBSOCKET_ALLOWED_HOSTS: entry })
      expect(more).toEqual([])
      expect(problem).toContain('WEBSOCKET_ALLOWED_HOSTS')
    },
  )
})

describe('a name with a port', () => {
  const isRefused = (entry: string, host: string) => {
    const { admission } = admissionOf({ WEBSOCKET_ALLOWED_HOSTS: entry })
    return admission.misdirected(request({ host })) !== undefined
  }
  test.each([
    ['relay:3002', 'relay:3002', false],
    ['relay:3002', 'relay:3003', true],
    ['relay:3002', 'relay', true],
    ['relay:80', 'relay', false],
    ['relay:443', 'RELAY', false],
    ['relay', 'relay:9', false],
    ['*', 'evil.example', false],
    ['*.example', 'example', true],
  ])('%s and %s', (entry, host, wanted) => expect(isRefused(entry, host)).toBe(wanted))
  test('of WEBSOCKET_HOST needs no other setting', () => {
    const { admission } = admissionOf({ WEBSOCKET_HOST: 'relay.internal' })
    expect(admission.misdirected(request({ host: 'relay.internal:3002' }))).toBeUndefined()
  })
})

describe('wrong tokens', () => {
  const wrong = (x = 'here') => request({ authorization: 'Bearer wrong', x })
  const right = (x = 'here') => request({ authorization: 'Bearer secret', x })
  const bench = () => admissionOf({ ...closed, WEBSOCKET_WRONG_TOKENS_PER_MIN: '2' })

  test('that are too many hold back their address, whatever it has, and no other', () => {
    const { admission } = bench()
    const seen = [wrong(), wrong(), wrong(), right()].map((one) => admission.refusal(one))
    expect(seen.map((one) => one?.status)).toEqual([401, 401, 429, 429])
    expect(seen[2]?.waitMs).toBe(30_000)
    expect(admission.refusal(right('there'))).toBeUndefined()
  })
  test('are forgotten with time', () => {
    const { admission, clock } = bench()
    for (const one of [wrong(), wrong(), wrong()]) admission.refusal(one)
    clock.advance(30_000)
    expect(admission.refusal(right())).toBeUndefined()
  })
  test('are not those that are missing', () => {
    const { admission } = bench()
    for (let asked = 0; asked < 10; asked += 1) {
      expect(admission.refusal(request({}))?.status).toBe(401)
    }
    expect(admission.refusal(right())).toBeUndefined()
  })
})
