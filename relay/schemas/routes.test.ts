/** The expected-schema API over real HTTP: what is stored, what is refused, and in which words. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createHttpServer, type HttpServer } from '../adapters/http.ts'
import { createLogger } from '../adapters/logger.ts'
import { RequestGuard } from '../clients/request-guard.ts'
import { createAdmission } from '../limits/admission.ts'
import { createClientAddress } from '../limits/client-address.ts'
import { createMetrics } from '../metrics/metrics.ts'
import { parseSettings } from '../tables/settings-parse.ts'
import { systemClock as clock } from '../world/clock.ts'
import { schemaRoutes } from './routes.ts'
import { ExpectedSchemas } from './store.ts'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly json: any
}

let folder: string
let file: string
const servers: HttpServer[] = []
const said: string[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'schemas-'))
  file = join(folder, 'new', 'schemas.json')
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
  said.length = 0
  rmSync(folder, { recursive: true, force: true })
})

/** A server of the API; returns how to ask it. */
async function serve(env: Readonly<Record<string, string>> = {}) {
  const parsed = parseSettings({ EXPECTED_SCHEMAS_PATH: file, ...env })
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const { settings } = parsed
  const logger = { ...createLogger('error'), error: (_: object, says: string) => said.push(says) }
  const entriesMax = settings.expectedSchemasMax
  const schemas = new ExpectedSchemas({ file, entriesMax, clock, logger })
  await schemas.open()
  const address = createClientAddress([])
  const admission = createAdmission(clock, settings, address)
  const metrics = createMetrics(false)
  const quiet = { clock, logger: { warn: () => undefined }, requestsPerSecondMax: 0 }
  const guard = new RequestGuard({ admission, address, metrics, ...quiet })
  const routes = schemaRoutes({ settings, clock, schemas, admission, guard })
  const server = createHttpServer({
    routes,
    guard: (asked) => guard.check(asked),
    upgradePath: '/ws',
    timeoutMs: settings.httpTimeoutMs,
    pendingMax: () => settings.pendingConnectionsMax,
    onPendingEnded: () => undefined,
    onUpgrade: (_, socket) => socket.destroy(),
  })
  servers.push(server)
  const port = await server.listen('127.0.0.1', [0])
  return (method: string, name?: string, body?: string | Buffer, headers = {}) =>
    exchange(port, method, name, body, headers)
}

function exchange(
  port: number,
  method: string,
  name: string | undefined,
  body: string | Buffer = '',
  headers: object = {},
): Promise<Answer> {
  const path = `/api/expected-schema${name === undefined ? '' : `/${name}`}`
  const type = body.length > 0 ? { 'content-type': 'application/json' } : {}
  return new Promise((resolve, reject) => {
    const all = { ...type, 'content-length': Buffer.byteLength(body), ...headers }
    const asked = request({ port, method, path, headers: all }, (response) => {
      const { statusCode, headers: responseHeaders } = response
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => {
        const json = text === '' ? undefined : (JSON.parse(text) as unknown)
        resolve({ status: statusCode!, headers: responseHeaders, json })
      })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}
const pin = (id: string, more: object = {}) => JSON.stringify({ schema_id: id, ...more })
const onDisk = () => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>

describe('a pinned schema', () => {
  test('is stored, returned, listed and removed, and is there after a restart', async () => {
    const first = await serve()
    const stored = await first('PUT', 'agent', pin('s1', { note: 'n', environment: 'prod' }))
    const entry = { schema_id: 's1', graph_name: 'agent', environment: 'prod' }
    expect(stored).toMatchObject({ status: 200, json: { ...entry, pinned_by: null, note: 'n' } })
    expect(Object.keys(stored.json)).toEqual(Object.keys(onDisk()['agent'] as object))
    const again = await serve()
    expect((await again('GET', 'agent')).json).toEqual(stored.json)
    expect((await again('GET')).json).toEqual([stored.json])
    expect((await again('HEAD', 'agent')).status).toBe(200)
    expect((await again('DELETE', 'agent')).json).toEqual(stored.json)
    expect(await again('GET', 'agent')).toMatchObject({
      status: 404,
      json: { error: 'No expected schema set for this graph', graph_name: 'agent' },
    })
    expect(await again('DELETE', 'agent')).toMatchObject({
      status: 404,
      json: { error: 'No expected schema to delete', graph_name: 'agent' },
    })
  })

  test('may belong to a graph of any name that is text', async () => {
    const ask = await serve()
    const names = ['__proto__', 'constructor', '../../etc/passwd', 'a/b?c#d', ' ', 'é🚀']
    for (const name of names) {
      const path = encodeURIComponent(name)
      expect((await ask('PUT', path, pin(`of ${name}`))).json.graph_name).toBe(name)
    }
    const again = await serve()
    for (const name of names) {
      const found = await again('GET', encodeURIComponent(name))
      expect(found.json.schema_id).toBe(`of ${name}`)
    }
    expect((await again('GET', 'hasOwnProperty')).status).toBe(404)
    expect((await again('GET')).json).toHaveLength(names.length)
    expect(readdirSync(folder)).toEqual(['new'])
  })
})

describe('what is refused', () => {
  type Asked = readonly [method: string, name: string, body?: string | Buffer, headers?: object]
  const put = (body: string | Buffer, headers = {}): Asked => ['PUT', 'g', body, headers]
  test.each<[string, Asked, number]>([
    ['no JSON', put('{'), 400],
    ['bytes that are no UTF-8', put(Buffer.from([0x22, 0xff, 0x22])), 400],
    ['no body', put('', { 'content-type': 'application/json' }), 400],
    ['a body without a type', put(pin('s'), { 'content-type': '' }), 415],
    ['a form', put(pin('s'), { 'content-type': 'text/plain' }), 415],
    ['a body that is too large', put(pin('x'.repeat(70_000))), 413],
    ['an entry that is too large', put(pin('x'.repeat(5_000))), 413],
    ['an array', put('[]'), 422],
    ['null', put('null'), 422],
    ['no schema_id', put('{"note":"x"}'), 422],
    ['an empty schema_id', put(pin('')), 422],
    ['a note that is a number', put(pin('s', { note: 1 })), 422],
    ['a name with a control character', ['PUT', 'a%00b', pin('s')], 400],
    ['a name that is too long', ['PUT', 'x'.repeat(257), pin('s')], 400],
    ['a name that is no UTF-8', ['PUT', '%ff', pin('s')], 400],
    ['another method', ['POST', 'g', pin('s')], 405],
    ['a deeper path', ['GET', 'g/h'], 404],
  ])('%s', async (_, asked, status) => {
    const ask = await serve()
    const answer = await ask(...asked)
    expect(answer).toMatchObject({ status, json: { error: expect.any(String) } })
    if (status === 405) expect(answer.headers['allow']).toBe('GET, HEAD, PUT, DELETE')
    expect((await ask('GET')).json).toEqual([])
  })

  test('one graph too many, but not a change of those that are there', async () => {
    const ask = await serve({ EXPECTED_SCHEMAS_MAX: '2' })
    await ask('PUT', 'a', pin('s'))
    await ask('PUT', 'b', pin('s'))
    expect((await ask('PUT', 'c', pin('s'))).status).toBe(507)
    expect((await ask('PUT', 'b', pin('t'))).status).toBe(200)
    expect(Object.keys(onDisk())).toEqual(['a', 'b'])
  })

  test('a change without the token, by a foreign page, or beyond loopback', async () => {
    const guarded = await serve({ WEBSOCKET_AUTH_TOKEN: 'secret' })
    for (const method of ['PUT', 'DELETE']) {
      expect((await guarded(method, 'a', pin('s'))).status).toBe(401)
    }
    const own = { authorization: 'Bearer secret' }
    expect((await guarded('PUT', 'a', pin('s'), own)).status).toBe(200)
    const open = await serve({ WEBSOCKET_HOST: '0.0.0.0' })
    expect((await open('DELETE', 'a')).status).toBe(403)
    expect((await open('GET', 'a')).status).toBe(200)
    const local = await serve()
    expect((await local('DELETE', 'a', '', { origin: 'https://evil.example' })).status).toBe(403)
  })
})

describe('the file', () => {
  test('that cannot be written means no 200 and no change', async () => {
    const ask = await serve()
    await ask('PUT', 'a', pin('old'))
    // A folder in the file's place: root, too, cannot write there.
    rmSync(file)
    mkdirSync(file)
    expect((await ask('PUT', 'a', pin('new'))).status).toBe(500)
    expect((await ask('PUT', 'b', pin('new'))).status).toBe(500)
    rmSync(file, { recursive: true })
    expect((await ask('PUT', 'c', pin('new'))).status).toBe(200)
    expect(Object.keys(onDisk())).toEqual(['c'])
    expect(readdirSync(join(folder, 'new'))).toEqual(['schemas.json'])
  })

  test.each([
    ['cut short', '{"a": {"schema_id"'],
    ['of another kind', '[]'],
    ['with an entry that is none', '{"a": {"schema_id": 1}}'],
  ])('%s is moved aside, loudly, and kept', async (_, text) => {
    mkdirSync(join(folder, 'new'))
    writeFileSync(file, text)
    const ask = await serve()
    expect(said).toEqual(['the pinned schemas were unreadable and are moved aside'])
    expect((await ask('GET')).json).toEqual([])
    expect((await ask('PUT', 'b', pin('s'))).status).toBe(200)
    const aside = readdirSync(join(folder, 'new')).filter((name) => name.includes('.corrupt-'))
    expect(aside.map((name) => readFileSync(join(folder, 'new', name), 'utf8'))).toEqual([text])
  })

  test('holds what the last acknowledged of many concurrent changes said', async () => {
    const change = fc.record({ name: fc.constantFrom('a', 'b', 'c'), isPut: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 30 }), async (changes) => {
        const logger = createLogger('error')
        const schemas = new ExpectedSchemas({ file, entriesMax: 2, clock, logger })
        const model = new Map((await schemas.list()).map((one) => [one.graph_name, one.schema_id]))
        const entry = (graph_name: string, at: number) => ({
          schema_id: `s${at}`,
          graph_name,
          environment: null,
          pinned_at: at,
          pinned_by: null,
          note: null,
        })
        const asked = changes.map(({ name, isPut }, at) =>
          isPut ? schemas.put(entry(name, at)) : schemas.delete(name),
        )
        for (const [at, answer] of (await Promise.all(asked)).entries()) {
          const { name, isPut } = changes[at]!
          const isFull = !model.has(name) && model.size === 2
          if (isPut && isFull) expect(answer).toBe('full')
          else if (isPut) model.set(name, `s${at}`)
          else expect(answer === 'absent').toBe(!model.delete(name))
        }
        const anew = new ExpectedSchemas({ file, entriesMax: 2, clock, logger })
        const found = (await anew.list()).map((one) => [one.graph_name, one.schema_id] as const)
        expect(new Map(found)).toEqual(model)
      }),
      { numRuns: 30 },
    )
  })
})
