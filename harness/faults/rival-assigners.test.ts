/** A rival that leads a group assigns as the group's own protocol would. */
import { describe, expect, test } from 'vitest'
import {
  cooperativeSticky,
  range,
  readSubscription,
  rivalAssigner,
  roundRobin,
  type Assign,
} from './rival-assigners.ts'

const six = () => [0, 1, 2, 3, 4, 5]
const member = (memberId: string, owned: number[] = []) => {
  return { memberId, topics: ['t'], owned: { t: owned } }
}
const given = (assign: Assign, ...members: ReturnType<typeof member>[]) =>
  Object.fromEntries([...assign(members, six)].map(([id, { t = [] }]) => [id, t]))

describe('a rival that leads', () => {
  test('gives neighbours to the same member under range, in the order of their ids', () => {
    expect(given(range, member('b'), member('a'))).toEqual({ a: [0, 1, 2], b: [3, 4, 5] })
    const four = given(range, ...['a', 'b', 'c', 'd'].map((id) => member(id)))
    expect(four).toEqual({ a: [0, 1], b: [2, 3], c: [4], d: [5] })
  })

  test('gives one after the other under roundrobin', () => {
    expect(given(roundRobin, member('b'), member('a'))).toEqual({ a: [0, 2, 4], b: [1, 3, 5] })
  })

  test('leaves what is held under cooperative-sticky, and takes nothing that is not free', () => {
    const first = given(cooperativeSticky, member('a', six()), member('r'))
    expect(first).toEqual({ a: [0, 1, 2], r: [] })
    const second = given(cooperativeSticky, member('a', [0, 1, 2]), member('r'))
    expect(second).toEqual({ a: [0, 1, 2], r: [3, 4, 5] })
  })

  test('has an entry for every member, also for one that gets nothing', () => {
    const many = Array.from({ length: 8 }, (_, i) => member(`m${i}`))
    expect(Object.keys(given(range, ...many))).toHaveLength(8)
  })

  test('assigns only what a member has subscribed to', () => {
    const members = [member('a'), { memberId: 'b', topics: ['u'], owned: {} }]
    const assigned = roundRobin(members, (topic) => (topic === 't' ? six() : [7]))
    expect(Object.fromEntries(assigned)).toEqual({ a: { t: six() }, b: { u: [7] } })
  })
})

describe('a subscription', () => {
  /** As librdkafka writes it: version 1, topics, no user data, and what is owned. */
  const cooperative = Buffer.concat([
    Buffer.from([0, 1, 0, 0, 0, 1, 0, 1, 0x74, 0xff, 0xff, 0xff, 0xff]),
    Buffer.from([0, 0, 0, 1, 0, 1, 0x74, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 5]),
  ])

  test('is read with what its member owns', () => {
    expect(readSubscription(cooperative)).toEqual({ topics: ['t'], owned: { t: [3, 5] } })
  })

  test('of a rival names the topic, and owns nothing, in the form that the protocol wants', () => {
    for (const name of ['range', 'roundrobin', 'cooperative-sticky', 'of-somebody']) {
      const made = rivalAssigner(name)({} as never).protocol({ topics: ['t'] })
      expect(made.name).toBe(name)
      expect(readSubscription(made.metadata)).toEqual({ topics: ['t'], owned: {} })
      expect(made.metadata.readInt16BE(0)).toBe(name === 'cooperative-sticky' ? 1 : 0)
    }
  })
})
