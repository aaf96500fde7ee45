/** Every stimulus is one definition: its name, its spec and its orders belong together. */
import { describe, expect, test } from 'vitest'
import { allMalformedKinds, everyMalformedKind } from '../records/malformed.ts'
import { isHonest, ordersOf, sayStimulus, stimuli, type Stimulus } from './registry.ts'

const load = { recordsPerSecond: 10, payloadBytes: 100, threads: 2 }
/** One of each, with all that it may say. */
const specs: { readonly [K in keyof typeof stimuli]: Extract<Stimulus, { stimulus: K }> } = {
  malformed: { stimulus: 'malformed', kinds: ['garbage'], each: 2 },
  burst: { stimulus: 'burst', records: 5 },
  transactions: { stimulus: 'transactions', each: 2 },
  connect: { stimulus: 'connect', group: 'a', count: 3 },
  disconnect: { stimulus: 'disconnect', group: 'a', how: 'reset' },
  pings: { stimulus: 'pings', group: 'a', kind: 'native', each: 4 },
  resume: { stimulus: 'resume', group: 'a', from: 'earliest' },
  reset: { stimulus: 'reset', group: 'a' },
  'hold-back': { stimulus: 'hold-back', group: 'a' },
  'abort-handshakes': { stimulus: 'abort-handshakes', group: 'a', each: 2 },
  'hostile-frames': { stimulus: 'hostile-frames', group: 'a', about: 'nonsense' },
}

describe.each(Object.values(specs))('the stimulus $stimulus', (spec) => {
  test('is known by its name, says what it sends, and gives orders that end', () => {
    expect(stimuli[spec.stimulus].spec).toBeDefined()
    expect(sayStimulus(spec)).toMatch(/\w+ \w+/)
    const orders = ordersOf(spec, { phaseMs: 1_000, load })
    expect(orders.length).toBeGreaterThan(0)
    for (const order of orders) {
      if (order.to !== 'group') expect(order.limitMs).toBeLessThanOrEqual(120_000)
    }
    expect(JSON.stringify(orders)).toContain('group' in spec ? '"a"' : '"producer"')
  })

  test('takes no field that it does not know', () => {
    const schema = stimuli[spec.stimulus].spec
    expect(schema.safeParse({ ...spec, stimulus: 'another' }).success).toBe(false)
    const more = schema.safeParse({ ...spec, milliseconds: 5 })
    expect(more.error?.message).toContain('milliseconds')
  })
})

test('only one that no honest client would do is not honest', () => {
  const hostile = Object.values(specs).filter((spec) => !isHonest(spec))
  expect(hostile.map(({ stimulus }) => stimulus)).toEqual(['hostile-frames'])
})

test('every malformed kind may be named, those too that "all" leaves out', () => {
  expect(everyMalformedKind.length).toBeGreaterThan(allMalformedKinds.length)
  const spec = { stimulus: 'malformed', kinds: everyMalformedKind, each: 1 }
  expect(stimuli.malformed.spec.parse(spec)).toEqual(spec)
})
