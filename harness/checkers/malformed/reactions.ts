/** The reactions of a group's reference clients to what they got. */
import type { RunState } from '../../history/event.ts'
import type { History } from '../../history/history.ts'

export interface Reactions {
  readonly clients: readonly number[]
  /** Reasons for which a client refused a record, in order. */
  reasons(client: number, partition: number, offset: number): readonly string[]
  /** Clients that got the record, and how many times each. */
  receivers(partition: number, offset: number): readonly number[]
  readonly refusals: number
  /** The last comparison of every thread at every client. */
  readonly states: readonly RunState[]
}

export function reactions(history: History, group: string): Reactions {
  const clients = [...history.sessions]
    .filter(([, sessions]) => sessions.some((session) => session.group === group))
    .map(([client]) => client)
  const own = new Set(clients)
  const refusals = history.events('refusal').filter(([, , client]) => own.has(client))
  const byRecord = Map.groupBy(refusals, ([, , client, partition, offset]) =>
    key(client, partition, Number(offset)),
  )
  const states = new Map<string, RunState>()
  for (const state of history.events('runstate')) {
    if (own.has(state[2])) states.set(`${state[2]}/${state[3]}`, state)
  }
  const { deliveries } = history.stream()
  return {
    clients,
    refusals: refusals.length,
    states: [...states.values()],
    reasons: (client, partition, offset) =>
      (byRecord.get(key(client, partition, offset)) ?? []).map(([, , , , , reason]) => reason),
    receivers: (partition, offset) =>
      clients.filter((client) =>
        deliveries
          .get(client)
          ?.runs(partition)
          .some(({ first, last }) => first <= offset && offset <= last),
      ),
  }
}

const key = (client: number, partition: number, offset: number): string =>
  `${client}/${partition}/${offset}`
