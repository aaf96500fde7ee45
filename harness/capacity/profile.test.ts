import { expect, test } from 'vitest'
import { type CpuProfile, sharesOf } from './profile.ts'

const frames: readonly (readonly [string, string])[] = [
  ['(idle)', ''],
  ['writeBuffer', ''],
  ['decode', 'file:///a/node_modules/kafkajs/src/decoder.js'],
  ['take', 'file:///a/relay/log/byte-log.ts'],
  ['write', 'node:net'],
]
const profile: CpuProfile = {
  nodes: frames.map(([functionName, url], id) => ({ id, callFrame: { functionName, url } })),
  startTime: 1_000,
  samples: [1, 0, 1, 2, 3, 4],
  timeDeltas: [500, 10_000, 600, 200, 100, 100],
}

test('self time is grouped by owner of the code, without idle time and earlier samples', () => {
  const shares = sharesOf(profile, 2_000)
  expect(shares.map(({ group, share }) => [group, share])).toEqual([
    ['socket writes', 0.6],
    ['kafkajs', 0.2],
    ['ours', 0.1],
    ['Node', 0.1],
  ])
  expect(shares[1]?.functions).toEqual([{ name: 'decode', share: 0.2 }])
})
