/**
 * The expected-schema API, in DashFlow's shapes. Reading is open like /health; changing is
 * administrative: it needs the token where one is set, and without one it works on loopback only.
 */
import type { Asking, Routes } from '../adapters/http.ts'
import type { Answer } from '../adapters/answer.ts'
import type { Admission } from '../limits/seam.ts'
import type { RequestGuard } from '../clients/request-guard.ts'
import type { Settings } from '../tables/settings.ts'
import type { Clock } from '../world/clock.ts'
import { readEntry, readName, type SchemaEntry } from './entry.ts'
import type { ExpectedSchemas, Refused } from './store.ts'

export interface RouteNeeds {
  readonly settings: Settings
  readonly clock: Clock
  readonly schemas: ExpectedSchemas
  readonly admission: Admission
  readonly guard: Pick<RequestGuard, 'refusal' | 'refuse'>
}

export function schemaRoutes(needs: RouteNeeds): Routes {
  const { schemas } = needs
  const administrative = (work: (asking: Asking, name: string) => Promise<Answer>) =>
    named(async (asking, name) => forbidden(asking, needs) ?? work(asking, name))
  return {
    '/api/expected-schema': { GET: () => answered(async () => ok(await schemas.list())) },
    '/api/expected-schema/:graph_name': {
      GET: named((_, name) => get(schemas, name)),
      PUT: administrative((asking, name) => put(needs, asking, name)),
      DELETE: administrative((_, name) => remove(schemas, name)),
    },
  }
}

const ok = (body: readonly SchemaEntry[] | SchemaEntry): Answer => ({
  code: 200,
  body: body as unknown as Answer['body'],
})
const no = (code: number, error: string, more: object = {}): Answer => ({
  code,
  body: { error, ...more },
})

const named = (work: (asking: Asking, name: string) => Promise<Answer>) => (asking: Asking) => {
  const name = readName(asking.params['graph_name'] ?? '')
  return name.ok ? answered(() => work(asking, name.value)) : no(name.code, name.says)
}

function forbidden(
  { request }: Asking,
  { admission, guard }: RouteNeeds,
): Answer | undefined {
  const refusal = guard.refusal(request)
  if (refusal !== undefined) return guard.refuse(refusal)
  if (admission.mayAdminister(request)) return undefined
  return no(
    403,
    'Without a token this is allowed from loopback only: set WEBSOCKET_AUTH_TOKEN, and send it',
  )
}

async function get(schemas: ExpectedSchemas, name: string): Promise<Answer> {
  const entry = await schemas.get(name)
  if (entry !== undefined) return ok(entry)
  return no(404, 'No expected schema set for this graph', { graph_name: name })
}

async function put(
  { clock, schemas, settings }: RouteNeeds,
  { body, request }: Asking,
  name: string,
): Promise<Answer> {
  const type = request.headers['content-type'] ?? ''
  const entry = readEntry(name, type, body, clock.unixMs(), settings.expectedSchemaBytesMax)
  if (!entry.ok) return no(entry.code, entry.says)
  const stored = await schemas.put(entry.value)
  return typeof stored === 'string' ? refused(stored, name, settings) : ok(stored)
}

async function remove(schemas: ExpectedSchemas, name: string): Promise<Answer> {
  const removed = await schemas.delete(name)
  return typeof removed === 'string' ? refused(removed, name) : ok(removed)
}

function refused(why: Refused, name: string, settings?: Settings): Answer {
  if (why === 'absent') return no(404, 'No expected schema to delete', { graph_name: name })
  if (why === 'busy') return no(503, 'Too many changes are waiting; try again')
  const most = settings?.expectedSchemasMax
  return no(507, `wanted at most ${most} graphs (EXPECTED_SCHEMAS_MAX); delete one first`)
}

/** Errors of the disk are answered with 500 and their message. */
async function answered(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work()
  } catch (error) {
    const details = error instanceof Error ? error.message : String(error)
    return no(500, 'The pinned schemas could not be read or written; nothing was changed', {
      details,
    })
  }
}
