/** Events: start and end of a graph and its nodes, and the state that some of them carry. */
import { EventType, type Event } from '../../proto/gen/dashstream_pb.js'
import { isJsonObject } from '../../proto/canonical-json.ts'
import { keeps, type Effect, type Standing, type Tools } from './effects.ts'
import type { Body } from './envelope.ts'
import { refuse } from './refusals.ts'
import type { NewState, NodeStatus, Run } from './run.ts'
import { stateOfText } from './state-json.ts'
import { checkSize } from './state-size.ts'

const stateNames = ['initial_state_json', 'state_json', 'state'] as const
const durationName = 'duration_us'
const nameUnitsMax = 128
const errorUnitsMax = 300

/** The effect of an event on its run's state. */
export function readEvent(event: Event, standing: Standing, tools: Tools): Effect {
  if (!mayCarryState(event)) return keeps
  const isStart = event.eventType === EventType.GRAPH_START
  const text = stateAttribute(event)
  if (text === undefined && !isStart) return keeps
  if (standing.place === 'unnumbered') return refuse('sequence-missing')
  if (text === undefined) return { ok: true, does: 'unproves' }
  if (text === null) return refuse('state-json', 'The attribute is not text.')
  const read = stateOfText(text, tools)
  if (!read.ok) return read
  const next = { state: read.state, addedBytes: read.state.heapBytes }
  return isStart ? { ok: true, does: 'proves', next } : merge(next, standing, tools)
}

/** A node's state is merged into the run's, member by member, if the run's state is proven. */
function merge(given: NewState, { run, doubt }: Standing, tools: Tools): Effect {
  const { work, limits } = tools
  const { value, bytes, depth, heapBytes } = given.state
  const old = run.state
  if (!isJsonObject(value)) return refuse('state-json', 'The state of a node must be an object.')
  if (doubt) return refuse(doubt)
  if (!isJsonObject(old.value)) return refuse('state-json', "The run's state is not an object.")
  const copiedBytes = work.copy(old.value)
  const merged = { ...old.value, ...value }
  const size = {
    bytes: old.bytes + bytes,
    depth: Math.max(old.depth, depth),
    heapBytes: old.heapBytes + heapBytes,
    measuredBytes: old.measuredBytes,
  }
  const checked = checkSize({ value: merged, ...size }, limits, work)
  if (!checked.ok) return checked
  const addedBytes = given.addedBytes + copiedBytes
  return { ok: true, does: 'advances', next: { state: checked.state, addedBytes } }
}

/** Whether a message is one that changes the state of its run. */
export function changesState(body: Body): boolean {
  if (body.case === 'stateDiff' || body.case === 'checkpoint') return true
  if (body.case !== 'event' || !mayCarryState(body.value)) return false
  return body.value.eventType === EventType.GRAPH_START || stateAttribute(body.value) !== undefined
}

function mayCarryState({ eventType }: Event): boolean {
  return (
    eventType === EventType.GRAPH_START ||
    eventType === EventType.NODE_START ||
    eventType === EventType.NODE_END
  )
}

/** The state's text; `undefined` if there is none, `null` if the attribute is not text. */
function stateAttribute({ attributes }: Event): string | null | undefined {
  for (const name of stateNames) {
    const value = Object.hasOwn(attributes, name) ? attributes[name]?.value : undefined
    if (value?.case === 'stringValue' && value.value === '') continue
    if (value?.case !== undefined) return value.case === 'stringValue' ? value.value : null
  }
  return undefined
}

type Note = (run: Run, event: Event, sequence: bigint) => void

const notes: { readonly [T in EventType]?: Note } = {
  [EventType.GRAPH_START](run, event, sequence) {
    if (!isNews(run, sequence)) return
    run.status = 'running'
    run.graphName = textAttribute(event, 'graph_name').slice(0, nameUnitsMax)
    run.nodes.clear()
  },
  [EventType.GRAPH_END](run, _, sequence) {
    if (isNews(run, sequence)) run.status = 'completed'
  },
  [EventType.GRAPH_ERROR](run, _, sequence) {
    if (isNews(run, sequence)) run.status = 'failed'
  },
  [EventType.NODE_START](run, event, sequence) {
    noteNode(run, event, { status: 'active', sequence })
  },
  [EventType.NODE_END](run, event, sequence) {
    noteNode(run, event, { status: 'completed', sequence, ...durationOf(event) })
  },
  [EventType.NODE_ERROR](run, event, sequence) {
    const error = textAttribute(event, 'error').slice(0, errorUnitsMax)
    noteNode(run, event, { status: 'failed', sequence, error })
  },
}

/** Updates graph and nodes from an event; older events change nothing. */
export function noteEvent(run: Run, event: Event, sequence: bigint): void {
  notes[event.eventType]?.(run, event, sequence)
}

function isNews(run: Run, sequence: bigint): boolean {
  if (sequence < run.statusSequence) return false
  run.statusSequence = sequence
  return true
}

function noteNode(run: Run, event: Event, status: NodeStatus): void {
  const name = nodeOf(event)
  const known = name === undefined ? undefined : run.nodes.get(name)
  if (name === undefined || (known && known.sequence > status.sequence)) return
  run.nodes.set(name, status)
}

/** The node's name, cut to 128 characters; `undefined` for none. */
export function nodeOf({ nodeId }: Event): string | undefined {
  return nodeId === '' ? undefined : nodeId.slice(0, nameUnitsMax)
}

function textAttribute({ attributes }: Event, name: string): string {
  const value = Object.hasOwn(attributes, name) ? attributes[name]?.value : undefined
  return value?.case === 'stringValue' ? value.value : ''
}

/** From the schema's own field, or from the attribute, which some producers fill alone. */
function durationOf({ durationUs, attributes }: Event): { durationMs?: number } {
  const hasName = Object.hasOwn(attributes, durationName)
  const given = hasName ? attributes[durationName]?.value : undefined
  const micros = durationUs > 0n ? durationUs : given?.case === 'intValue' ? given.value : 0n
  return micros > 0n ? { durationMs: Number(micros) / 1_000 } : {}
}
