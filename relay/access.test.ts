/** Access control of a whole relay, as clients see it: on real sockets. */
import { afterAll, describe, expect, test } from 'vitest'
import { get, head, local, open, say, statusOf, stopAll, upgrade } from './access-testbed.ts'

afterAll(stopAll, 30_000)

const reset = Buffer.from('{"type":"cursor_reset"}')
const resetFrame = Buffer.concat([Buffer.of(0x81, 0x80 | reset.length, 0, 0, 0, 0), reset])
const asksReset = (...lines: readonly string[]) =>
  Buffer.concat([Buffer.from(upgrade(...lines), 'latin1'), resetFrame])
/** What became of a reset; whether Redis is there does not matter. */
async function resets(port: number, ...lines: readonly string[]): Promise<string> {
  const answers = /CURSOR_RESET_FORBIDDEN|cursor_reset_complete|^HTTP\S+ 4\d\d/
  const found = answers.exec(await say(port, asksReset(...lines), answers))?.[0] ?? ''
  return found.split(' ').at(-1)!
}

describe('a host name of another server', async () => {
  const port = await open({ WEBSOCKET_ALLOWED_HOSTS: 'Relay.Example, *.inside.example' })
  const evil = ['Host: evil.example', 'Origin: http://evil.example']

  test('opens no socket and so resets nothing', async () => {
    expect(await resets(port, ...evil)).toBe('421')
  })
  test.each(['/health', '/metrics', '/version', '/livez', '/nowhere', '/api/expected-schema'])(
    'is refused on %s, with the setting that would allow it',
    async (path) => {
      const answer = await say(port, get(path, ...evil))
      expect(statusOf(answer)).toBe(421)
      expect(answer).toContain('WEBSOCKET_ALLOWED_HOSTS')
    },
  )
  test.each(['PUT', 'DELETE'])('cannot %s a schema', async (method) => {
    const path = `${method} /api/expected-schema/a HTTP/1.1`
    const lines = [...evil, 'Content-Type: application/json', 'Content-Length: 2']
    expect(statusOf(await say(port, `${head(path, lines)}{}`))).toBe(421)
  })
  test.each([
    'localhost',
    'LOCALHOST.:80',
    '127.0.0.1',
    '[::1]:3002',
    '10.1.2.3:3002',
    '[2001:db8::7]',
    'relay.example:3002',
    'a.inside.example',
    'app.localhost',
  ])('is not %s', async (host) => {
    expect(statusOf(await say(port, get('/livez', `Host: ${host}`)))).toBe(200)
  })
  test('is not the lack of one, as in old health checks', async () => {
    expect(statusOf(await say(port, 'GET /livez HTTP/1.0\r\n\r\n'))).toBe(200)
  })
  test.each(['', 'a b', 'localhost/x', 'localhost@evil.example', 'inside.example', 'a:b:c'])(
    'may be no name at all: %j',
    async (host) => {
      expect([400, 421]).toContain(statusOf(await say(port, get('/livez', `Host: ${host}`))))
    },
  )
  test('is not hidden behind another one', async () => {
    const answer = await say(port, get('/livez', local, 'Host: evil.example'))
    expect(statusOf(answer)).toBe(400)
  })
})

test('refused requests are logged, with what to do about it, and few times', async () => {
  const lines: string[] = []
  const warn = (_: object, says: string) => void lines.push(says)
  const port = await open({}, { warn })
  for (let asked = 0; asked < 10; asked += 1) await say(port, get('/metrics', 'Host: scraped'))
  await say(port, upgrade(local, 'Origin: http://app'))
  expect(lines.filter((one) => one.includes('was refused'))).toHaveLength(3)
  expect(lines.join()).toMatch(/"scraped".*WEBSOCKET_ALLOWED_HOSTS/)
  expect(lines.join()).not.toMatch(/\n/)
})

describe('behind a proxy of ours', async () => {
  const port = await open({ WEBSOCKET_TRUSTED_PROXY_IPS: '127.0.0.1' })
  const remote = 'X-Forwarded-For: 203.0.113.9'
  const put = (...lines: readonly string[]) =>
    say(port, head('DELETE /api/expected-schema/nobody HTTP/1.1', [local, ...lines]))

  test('a remote address may change nothing although the relay is on loopback', async () => {
    expect(await resets(port, local, remote)).toBe('CURSOR_RESET_FORBIDDEN')
    expect(statusOf(await put(remote))).toBe(403)
  })
  test('a local one may', async () => {
    expect(await resets(port, local)).toBe('cursor_reset_complete')
    expect(await resets(port, local, 'X-Forwarded-For: 127.0.0.1')).toBe('cursor_reset_complete')
    expect(statusOf(await put())).toBe(404)
  })
  test('a client that pretends to be local is not', async () => {
    const lines = [local, 'X-Forwarded-For: 127.0.0.1, 203.0.113.9']
    expect(await resets(port, ...lines)).toBe('CURSOR_RESET_FORBIDDEN')
  })
})

test.each(['X-Forwarded-For: 203.0.113.9', 'Forwarded: for=203.0.113.9', 'X-Real-IP: 203.0.113.9'])(
  'a client of an unknown proxy is not local: %s',
  async (line) => {
    const port = await open()
    expect(await resets(port, local, line)).toBe('CURSOR_RESET_FORBIDDEN')
  },
)

describe('what asks for another protocol', async () => {
  const port = await open()
  const h2c = ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABk']

  const pages = ['/health', '/metrics', '/livez', '/version']
  test.each(pages)('h2c: %s answers, and that is the end', async (path) => {
    const came = await say(port, get(path, local, ...h2c) + get('/livez', local), /never/)
    expect(came.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200'])
    expect(came).toMatch(/^connection: close\r$/im)
  })
  test.each([
    ['without an upgrade', get('/ws', local)],
    ['to h2c', get('/ws', local, ...h2c)],
    ['of HTTP/1.0', upgrade(local).replace('HTTP/1.1', 'HTTP/1.0')],
    ['of HTTP/1.0 without a name', upgrade().replace('HTTP/1.1', 'HTTP/1.0')],
  ])('a socket %s is answered with what is needed', async (_, asked) => {
    const answer = await say(port, asked)
    expect(statusOf(answer)).toBe(426)
    expect(answer).toMatch(/^upgrade: websocket\r$/im)
  })
  test('a socket elsewhere is that path', async () => {
    const asked = upgrade(local).replace('/ws', '/nowhere')
    expect(statusOf(await say(port, asked))).toBe(404)
    expect(statusOf(await say(port, upgrade(local).replace('/ws', '/livez')))).toBe(200)
  })
  test('a wrong version is answered with the right one', async () => {
    const answer = await say(port, upgrade(local).replace('Version: 13', 'Version: 12'))
    expect(statusOf(answer)).toBe(426)
    expect(answer).toMatch(/^sec-websocket-version: 13\r$/im)
  })
})

test('an answer that is still due never runs into a socket', async () => {
  const port = await open()
  const asked = get('/metrics', local) + upgrade(local) + get('/livez', local)
  const came = await say(port, asked, /HTTP\/1\.1 400|HTTP\/1\.1 101.*HTTP\/1\.1/s)
  expect(came.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400'])
  const inOrder = await say(port, upgrade(local), /\r\n\r\n/)
  expect(statusOf(inOrder)).toBe(101)
})

describe('where there is a token', async () => {
  const port = await open({
    WEBSOCKET_AUTH_TOKEN: 'open-sesame',
    KAFKA_SASL_USERNAME: 'somebody',
    KAFKA_SASL_PASSWORD: 'something',
  })
  const version = (...lines: readonly string[]) => say(port, get('/version', local, ...lines))

  test('/version without the token shows no servers, users or paths', async () => {
    const shown = await version()
    expect(statusOf(shown)).toBe(200)
    expect(shown).toContain('resume_namespace')
    expect(shown).not.toMatch(/127\.0\.0\.1:1|somebody|expected_schemas\.json/)
  })
  test('/version shows all to who has the token, and nothing to who has a wrong one', async () => {
    expect(await version('Authorization: Bearer open-sesame')).toMatch(/somebody/)
    expect(statusOf(await version('Authorization: Bearer wrong'))).toBe(401)
  })
})

describe('one address that asks too much', () => {
  const retryAfter = /^retry-after: \d+\r$/im

  test('gets 429 and when to retry, and still gets liveness answers', async () => {
    const port = await open({ WEBSOCKET_HTTP_REQUESTS_PER_SEC: '1' })
    const statuses: number[] = []
    for (let asked = 0; asked < 11; asked += 1) {
      statuses.push(statusOf(await say(port, get('/version', local))))
    }
    const last = await say(port, get('/metrics', local))
    expect([statuses.filter((one) => one === 200).length, statusOf(last)]).toEqual([10, 429])
    expect(last).toMatch(retryAfter)
    expect(statusOf(await say(port, get('/livez', local)))).toBe(200)
    expect(statusOf(await say(port, upgrade(local), /\r\n\r\n/))).toBe(101)
  })
  test('with wrong tokens gets 429 on every path, and no other address does', async () => {
    const port = await open({
      WEBSOCKET_AUTH_TOKEN: 'open-sesame',
      WEBSOCKET_WRONG_TOKENS_PER_MIN: '2',
      WEBSOCKET_TRUSTED_PROXY_IPS: '127.0.0.1',
    })
    const [wrong, right] = ['wrong', 'open-sesame'].map((one) => `Authorization: Bearer ${one}`)
    const from = (last: number) => [local, `X-Forwarded-For: 203.0.113.${last}`]
    for (const guess of [upgrade(wrong!, ...from(1)), get('/version', wrong!, ...from(1))]) {
      expect(statusOf(await say(port, guess))).toBe(401)
    }
    const lines = [right!, ...from(1)]
    const schema = head('DELETE /api/expected-schema/a HTTP/1.1', lines)
    for (const asked of [upgrade(...lines), get('/version', ...lines), schema]) {
      const answer = await say(port, asked)
      expect(statusOf(answer)).toBe(429)
      expect(answer).toMatch(retryAfter)
    }
    expect(statusOf(await say(port, upgrade(right!, ...from(2)), /\r\n\r\n/))).toBe(101)
    const metrics = await say(port, get('/metrics', ...from(3)), /relay_refused_http.*\n\r\n/s)
    expect(metrics).toMatch(/^relay_refused_http_requests_total\{reason="guesses"\} 2$/m)
    expect(metrics).toMatch(/^relay_refused_connections_total\{reason="guesses"\} 1$/m)
  })
})
