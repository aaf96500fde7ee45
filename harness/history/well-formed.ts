/**
 * Whether something that was read is an event. What a checker is handed has every part that its
 * kind has, and named fields of the right type: it need not look before it reads.
 */
import type { ColdKind, EventOf, HistoryEvent, HotKind } from './event.ts'

/** How many parts a tuple must have. */
const partsMin = {
  acked: 6,
  unacked: 6,
  seen: 6,
  delivered: 8,
  garbled: 6,
  control: 4,
  sent: 5,
  refusal: 6,
  runstate: 7,
  health: 5,
  scrape: 5,
  memory: 5,
  lagtruth: 5,
  strain: 6,
} as const satisfies Record<HotKind, number>

type TypeName<V> = [V] extends [number] ? 'number' : [V] extends [string] ? 'string' : OtherName<V>
type OtherName<V> = [V] extends [boolean] ? 'boolean' : [V] extends [object] ? 'object' : 'any'
type Optional<E> = { [F in keyof E]-?: object extends Pick<E, F> ? F : never }[keyof E]
type Fields<E> = { readonly [F in Exclude<keyof E, 'kind' | 't' | Optional<E>>]: TypeName<E[F]> }

/** The fields that an object must have; `any` may be any JSON value, also null. */
const fields: { readonly [K in ColdKind]: Fields<EventOf<K>> } = {
  dropped: { count: 'number', why: 'string' },
  aborted: { partition: 'number', offset: 'string' },
  opened: { client: 'number', group: 'string' },
  refused: { group: 'string', status: 'number', why: 'string' },
  closed: { client: 'number', code: 'number', reason: 'string', by: 'string' },
  stalled: { client: 'number', isStalled: 'boolean' },
  page: { path: 'string', status: 'number', body: 'any' },
  deadletter: { fields: 'object' },
  fault: { id: 'string', step: 'string', evidence: 'object' },
  phase: { name: 'string', edge: 'string' },
  process: { role: 'string', pid: 'number', edge: 'string', code: 'any', signal: 'any' },
  trouble: { where: 'string', what: 'string' },
  log: { role: 'string', line: 'string' },
  alertwatch: { edge: 'string', rules: 'object' },
  alert: { alert: 'string', state: 'string', labels: 'object' },
  notified: { receiver: 'string', alert: 'string', status: 'string', labels: 'object' },
}

type FieldType = TypeName<number> | TypeName<string> | TypeName<boolean> | TypeName<object> | 'any'
/** Both tables as maps: they are asked for every line. */
const fieldsOf = new Map<unknown, readonly (readonly [name: string, type: FieldType])[]>(
  Object.entries(fields).map(([kind, own]) => [kind, Object.entries<FieldType>(own)]),
)
const partsMinOf = new Map<unknown, number>(Object.entries(partsMin))

/** Whether a value is an event of this version of the format. */
export function isEvent(value: unknown): value is HistoryEvent {
  if (Array.isArray(value)) return isTuple(value)
  return typeof value === 'object' && value !== null && isObject(value)
}

function isTuple(value: readonly unknown[]): boolean {
  return Number.isFinite(value[1]) && value.length >= (partsMinOf.get(value[0]) ?? Infinity)
}

function isObject(value: { readonly kind?: unknown; readonly t?: unknown }): boolean {
  const wanted = fieldsOf.get(value.kind)
  if (wanted === undefined || !Number.isFinite(value.t)) return false
  const given = value as Readonly<Record<string, unknown>>
  for (const [name, type] of wanted) if (!isOf(type, given[name])) return false
  return true
}

function isOf(type: FieldType, value: unknown): boolean {
  if (type === 'any') return value !== undefined
  return typeof value === type && value !== null
}
