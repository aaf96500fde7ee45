/**
 * Short histories written by hand, for tests of checkers: times in seconds, bytes made up, only
 * what the case is about said out loud.
 */
import type { FaultStep, HistoryEvent, ProducedRecord } from './event.ts'
import { historyOf, type History } from './history.ts'
import { effectsInVersion1 } from './version-1.ts'

const micros = (seconds: number) => Math.round(seconds * 1e6)

/** Made-up checksum of a record, so that right and wrong bytes differ. */
export const crcOf = (partition: number, offset: number): number => partition * 1_000_003 + offset

interface AckedMore {
  readonly sentAt?: number
  readonly bytes?: number
  readonly thread?: string
  readonly malformed?: Readonly<Record<number, string>>
}
interface DeliveredMore {
  readonly path?: 'live' | 'replay'
  /** Seconds between the first and the last arrival. */
  readonly over?: number
}
type Truth = readonly [start: number, end: number, committed: number, isOwned: boolean]

/** A history in the making. Every method adds one event at `at` seconds. */
export class Story {
  readonly events: HistoryEvent[] = []

  add(...events: HistoryEvent[]): this {
    this.events.push(...events)
    return this
  }

  phase(name: string, begin: number, end: number): this {
    const edge = (at: number, which: 'begin' | 'end') =>
      ({ kind: 'phase', t: micros(at), name, edge: which }) as const
    return this.add(edge(begin, 'begin'), edge(end, 'end'))
  }

  /** `count` records of `partition` from `first` on, acknowledged at `at`. */
  acked(at: number, partition: number, first: number, count: number, more: AckedMore = {}): this {
    const { sentAt = at - 0.01, bytes = 100, thread = 'run', malformed = {} } = more
    const records = Array.from({ length: count }, (_, i): ProducedRecord => {
      const offset = first + i
      const kind = malformed[offset]
      const base = [offset, thread, offset, crcOf(partition, offset), bytes] as const
      return kind === undefined ? base : [...base, kind]
    })
    return this.add(['acked', micros(at), partition, String(first), micros(sentAt), records])
  }

  opened(at: number, client: number, group = 'readers'): this {
    return this.add({ kind: 'opened', t: micros(at), client, group })
  }

  closed(at: number, client: number, by: 'relay' | 'client' | 'network' = 'relay'): this {
    return this.add({
      kind: 'closed',
      t: micros(at),
      client,
      code: by === 'client' ? 1_000 : 1_006,
      reason: '',
      by,
    })
  }

  refused(at: number, group: string, status: number): this {
    return this.add({ kind: 'refused', t: micros(at), group, status, why: '' })
  }

  stalled(at: number, client: number, isStalled: boolean): this {
    return this.add({ kind: 'stalled', t: micros(at), client, isStalled })
  }

  /** One run of `count` records from `first` on, arriving from `at` on. */
  delivered(
    at: number,
    client: number,
    partition: number,
    first: number,
    count: number,
    { path = 'live', over = 0 }: DeliveredMore = {},
  ): this {
    const arrivals = over === 0 || count < 2 ? [0, count] : [0, 1, micros(over), count - 1]
    return this.add([
      'delivered',
      micros(at),
      client,
      partition,
      String(first),
      count,
      arrivals,
      path,
    ])
  }

  seen(at: number, partition: number, first: number, crcs: number[], bytes: number[]): this {
    return this.add(['seen', micros(at), partition, String(first), crcs, bytes])
  }

  control(at: number, client: number, frame: Record<string, unknown>): this {
    return this.add(['control', micros(at), client, frame])
  }

  sent(at: number, client: number, what: string, count = 1): this {
    return this.add(['sent', micros(at), client, what, count])
  }

  refusal(at: number, client: number, partition: number, offset: number, reason: string): this {
    return this.add(['refusal', micros(at), client, partition, String(offset), reason])
  }

  runstate(
    at: number,
    client: number,
    thread: string,
    isEqual: boolean,
    flags: string[] = [],
    sequence = 4,
  ): this {
    return this.add(['runstate', micros(at), client, thread, sequence, isEqual, flags])
  }

  health(at: number, body: Record<string, unknown>, status = 200): this {
    return this.add(['health', micros(at), 1_000, status, body])
  }

  scrape(at: number, changed: Record<string, number | 'NaN' | null>, status = 200): this {
    return this.add(['scrape', micros(at), 1_000, status, changed])
  }

  memory(at: number, rssBytes: number, role = 'relay'): this {
    return this.add(['memory', micros(at), role, rssBytes, 0])
  }

  lagtruth(at: number, partitions: Readonly<Record<number, Truth>>, groupState = 'Stable'): this {
    const told = Object.entries(partitions).map(([partition, [start, end, committed, isOwned]]) => [
      partition,
      [String(start), String(end), String(committed), isOwned] as const,
    ])
    const all = Object.fromEntries(told) as Record<string, [string, string, string, boolean]>
    return this.add(['lagtruth', micros(at), 1_000, groupState, all])
  }

  deadletter(at: number, partition: number, offset: number, errorType: string): this {
    const fields = {
      kafka_partition: partition,
      kafka_offset: offset,
      error_type: errorType,
    }
    return this.add({ kind: 'deadletter', t: micros(at), fields })
  }

  /** A fault has the effects that version 1 knew by its name, where it did. */
  fault(at: number, id: string, step: FaultStep, evidence: Record<string, unknown> = {}): this {
    const effects = step === 'inject' ? effectsInVersion1(evidence) : undefined
    const fault = { kind: 'fault', t: micros(at), id, step, evidence } as const
    return this.add(effects === undefined ? fault : { ...fault, effects })
  }

  /** A fault that is active at once and is healed at `until`. */
  broken(at: number, until: number, spec: { fault: string; group?: string; hop?: string }): this {
    const id = `phase/0-${spec.fault}`
    return this.fault(at, id, 'inject', spec)
      .fault(at, id, 'active', { isFrozen: true })
      .fault(until, id, 'heal')
  }

  process(at: number, edge: 'start' | 'exit', role = 'relay', pid = 1): this {
    return this.add({
      kind: 'process',
      t: micros(at),
      role,
      pid,
      edge,
      code: edge === 'exit' ? 0 : null,
      signal: null,
    })
  }

  trouble(at: number, where: string, what: string): this {
    return this.add({ kind: 'trouble', t: micros(at), where, what })
  }

  /** Prometheus is watched, with these rules. */
  watched(
    at: number,
    edge: 'begin' | 'lost' | 'back' | 'end',
    rules: readonly string[] = [],
  ): this {
    return this.add({ kind: 'alertwatch', t: micros(at), edge, rules })
  }

  alert(
    at: number,
    alert: string,
    state: 'inactive' | 'pending' | 'firing',
    labels: Readonly<Record<string, string>> = {},
  ): this {
    return this.add({ kind: 'alert', t: micros(at), alert, state, labels })
  }

  notified(
    at: number,
    receiver: string,
    alert: string,
    status: 'firing' | 'resolved' = 'firing',
  ): this {
    return this.add({ kind: 'notified', t: micros(at), receiver, alert, status, labels: {} })
  }

  history(): History {
    return historyOf(this.events)
  }
}

export const story = (): Story => new Story()
