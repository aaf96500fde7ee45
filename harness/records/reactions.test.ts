/** The reference client reacts to every malformed kind as the table says, and to the rest truly. */
import { expect, test } from 'vitest'
import { createClient, type RecordOutcome } from '../../relay/client/client.ts'
import { nodePlatform } from '../../relay/client/node-platform.ts'
import { loadThread, openPlan } from './plan.ts'
import { truthAt } from './truth.ts'
import { episode, type EpisodeRecord } from './malformed-case.ts'
import { allMalformedKinds, malformed, type MalformedKind } from './malformed.ts'

const seed = 'reactions'
const clock = { nowMs: () => 0, unixMs: () => 1_700_000_000_000 }
const given = { seed, payloadBytesMax: 262_144, unixMs: clock.unixMs() }

/** A client, and a way to hand it a record as if the relay had forwarded it. */
function reader() {
  const client = createClient({ platform: nodePlatform, clock })
  let offset = -1n
  const read = (value: Buffer): RecordOutcome => {
    offset += 1n
    client.onCursor(0, offset)
    return client.onBinary(value)
  }
  return { client, read }
}

/** What the table says, in the client's words. */
function expectedOutcome(kind: MalformedKind): string {
  const { does } = malformed(kind).client
  if (does === 'applies') return 'applied'
  if (does === 'quarantines') return 'quarantined'
  return kind === 'duplicate' ? 'duplicate' : 'refused'
}

/** The records that a relay forwards, with what the client made of each. */
function play(
  records: readonly EpisodeRecord[],
  kind: MalformedKind,
  read: (value: Buffer) => RecordOutcome,
) {
  const isForwarded = malformed(kind).relay.does === 'forwards'
  return records.flatMap((record) => {
    if (record.value === null || (record.isMalformed && !isForwarded)) return []
    return [{ record, outcome: read(record.value) }]
  })
}

const cases = allMalformedKinds.flatMap((kind) => [0, 1].map((count) => [kind, count] as const))

test.for(cases)('%s %i: the client does what the table says', ([kind, count]) => {
  const { client, read } = reader()
  const played = play(episode(kind, { ...given, count }), kind, read)
  const row = malformed(kind).client
  const odd = played.filter(({ record }) => record.isMalformed)
  expect(odd.map(({ outcome }) => outcome.outcome)).toEqual(odd.map(() => expectedOutcome(kind)))
  const reasons: readonly (string | undefined)[] = 'reasons' in row ? row.reasons : [undefined]
  for (const { outcome } of odd) expect(reasons).toContain(outcome.reason)
  for (const { thread, flags } of client.runs()) {
    const heard = played.filter(({ record }) => record.thread === thread)
    const sequence = Math.max(1, ...heard.map(({ record }) => record.sequence))
    const truth = truthAt(seed, thread, sequence)
    expect(Buffer.from(client.stateHashOf(thread) ?? []).toString('hex')).toBe(
      truth.hash.toString('hex'),
    )
    expect(flags.length > 0).toBe(truth.isFlagged)
  }
})

test('a client that reads the load from its beginning has the truth of every run', () => {
  const { client, read } = reader()
  const plan = openPlan(seed)
  const at = [1, 1, 1]
  for (let turn = 0; turn < 900; turn++) {
    const index = turn % at.length
    const record = plan.record(loadThread(index), at[index] as number, 700, 1_700_000_000_000_000n)
    at[index] = record.next
    expect(read(record.value)).toMatchObject({ outcome: 'applied' })
  }
  for (const [index, next] of at.entries()) {
    const { hash } = truthAt(seed, loadThread(index), next - 1)
    expect(Buffer.from(client.stateHashOf(loadThread(index)) ?? []).equals(hash)).toBe(true)
    expect(client.run(loadThread(index))?.flags).toEqual([])
  }
})
