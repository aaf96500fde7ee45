/**
 * One pinned schema: which schema a graph is expected to have. Fields are DashFlow's. What a client
 * sends is checked here, so that the store never holds an entry that it could not load again.
 */

export interface SchemaEntry {
  readonly schema_id: string
  readonly graph_name: string
  readonly environment: string | null
  /** Milliseconds since 1970. */
  readonly pinned_at: number
  readonly pinned_by: string | null
  readonly note: string | null
}
/** What a client sent, parsed, or why it is refused. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: 400 | 413 | 415 | 422; readonly says: string }

const nameBytesMax = 256
const refuse = (code: 400 | 413 | 415 | 422, says: string) => ({ ok: false, code, says }) as const

/** A graph's name from the path, decoded. Any text that a log line can hold. */
export function readName(name: string): Parsed<string> {
  const bytes = Buffer.byteLength(name)
  if (bytes === 0 || bytes > nameBytesMax) {
    return refuse(400, `graph_name: wanted 1 to ${nameBytesMax} bytes; found ${bytes}`)
  }
  if (/\p{Cc}/u.test(name)) return refuse(400, 'graph_name: wanted no control characters')
  return { ok: true, value: name }
}

/** The entry in a PUT. */
export function readEntry(
  graphName: string,
  contentType: string,
  body: Buffer,
  nowMs: number,
  bytesMax: number,
): Parsed<SchemaEntry> {
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType.trim())) {
    const given = contentType === '' ? 'none' : `"${contentType.slice(0, 100)}"`
    return refuse(415, `content-type: wanted application/json; found ${given}`)
  }
  const parsed = parse(body)
  if (!parsed.ok) return parsed
  const fields = fieldsOf(parsed.value)
  if (!fields.ok) return fields
  const entry = { ...fields.value, graph_name: graphName, pinned_at: Math.trunc(nowMs) }
  const bytes = Buffer.byteLength(JSON.stringify(entry))
  if (bytes > bytesMax) return refuse(413, `wanted an entry of at most ${bytesMax} bytes`)
  return { ok: true, value: inOrder(entry) }
}

/** A stored entry; undefined if it is not valid. */
export function entryFrom(graphName: string, stored: unknown): SchemaEntry | undefined {
  const fields = fieldsOf(stored)
  const pinnedAt = (stored as { pinned_at?: unknown } | null)?.pinned_at
  if (!fields.ok || !Number.isSafeInteger(pinnedAt)) return undefined
  return inOrder({ ...fields.value, graph_name: graphName, pinned_at: pinnedAt as number })
}

function parse(body: Buffer): Parsed<unknown> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body)
    return { ok: true, value: JSON.parse(text) as unknown }
  } catch (error) {
    return refuse(400, `body: wanted JSON in UTF-8; found: ${(error as Error).message}`)
  }
}

const wanted = 'wanted {"schema_id": string, "environment"?, "pinned_by"?, "note"?: string or null}'

function fieldsOf(value: unknown): Parsed<Omit<SchemaEntry, 'graph_name' | 'pinned_at'>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(422, `body: ${wanted}; found ${Array.isArray(value) ? 'an array' : typeof value}`)
  }
  const { schema_id, environment = null, pinned_by = null, note = null } = value as {
    readonly [key: string]: unknown
  }
  if (typeof schema_id !== 'string' || schema_id === '') {
    return refuse(422, `schema_id: ${wanted}; found ${found(schema_id)}`)
  }
  for (const [name, one] of Object.entries({ environment, pinned_by, note })) {
    if (one !== null && typeof one !== 'string') {
      return refuse(422, `${name}: ${wanted}; found ${found(one)}`)
    }
  }
  const texts = { environment, pinned_by, note } as Record<'environment', string | null>
  return { ok: true, value: { schema_id, ...texts } as SchemaEntry }
}

function found(value: unknown): string {
  if (value === '') return 'an empty string'
  return value === undefined ? 'none' : typeof value
}

/** DashFlow's order of the fields. */
const inOrder = (entry: SchemaEntry): SchemaEntry => ({
  schema_id: entry.schema_id,
  graph_name: entry.graph_name,
  environment: entry.environment,
  pinned_at: entry.pinned_at,
  pinned_by: entry.pinned_by,
  note: entry.note,
})
