/** Which refusals of Redis are reported, and how often. */
import { expect, test } from 'vitest'
import { createMetrics } from '../metrics/metrics.ts'
import { redisRefusalRows, redisRefusals, refusalOf } from '../tables/redis-refusals.ts'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { RedisStatus } from './redis-status.ts'

/** A status, and every report of it. */
function bed() {
  const clock = new ManualClock()
  const metrics = createMetrics(false)
  const reported: string[] = []
  const status = new RedisStatus({
    clock,
    metrics,
    onRefusal: (refusal) => void reported.push(refusal),
    onGranted: () => void reported.push('granted'),
    onDown: (why) => void reported.push(why),
  })
  return { clock, metrics, reported, status }
}

const full = "OOM command not allowed when used memory > 'maxmemory'."
const readOnly = "READONLY You can't write against a read only replica."

test('what Redis answers is called by one name, also out of a script', () => {
  const said: Partial<Record<keyof typeof redisRefusalRows, string[]>> = {
    read_only: [
      readOnly,
      `${readOnly} script: 6d1, on @user_script:3.`,
      "ERR Error running script (call to f_6d1): @user_script:3: -READONLY You can't write.",
    ],
    moved: ['MOVED 3999 127.0.0.1:6381'],
    migrating: ['ASK 3999 127.0.0.1:6381', 'TRYAGAIN Multiple keys request during rehashing'],
    cluster_down: ['CLUSTERDOWN Hash slot not served'],
    cross_slot: ["CROSSSLOT Keys in request don't hash to the same slot"],
    out_of_memory: [full, `${full} script: 6d1, on @user_script:3.`],
    no_replicas: ['NOREPLICAS Not enough good replicas to write.'],
    cannot_save: ['MISCONF Redis is configured to save RDB snapshots'],
    loading: ['LOADING Redis is loading the dataset in memory'],
    primary_lost: ['MASTERDOWN Link with MASTER is down and replica-serve-stale-data is no'],
    busy: ['BUSY Redis is busy running a script.'],
    no_password: ['NOAUTH Authentication required.'],
    wrong_password: [
      'WRONGPASS invalid username-password pair or user is disabled.',
      'ERR invalid password',
    ],
    no_permission: [
      "NOPERM this user has no permissions to run the 'xadd' command",
      "ERR ACL failure in script: User default has no permissions to run the 'xadd' command",
      "ERR The user executing the script can't run this command or subcommand",
    ],
    no_database: ['ERR DB index is out of range', 'ERR SELECT is not allowed in cluster mode'],
    too_many_clients: ['ERR max number of clients reached'],
    wrong_type: ['WRONGTYPE Operation against a key holding the wrong kind of value'],
    script_forgotten: ['NOSCRIPT No matching script. Please use EVAL.'],
    other: ['ERR unknown command', '', `ERR ${'x'.repeat(10_000)} READONLY`],
  }
  expect(Object.keys(said)).toEqual(redisRefusals)
  for (const [name, answers] of Object.entries(said)) {
    for (const answer of answers) expect([answer, refusalOf(answer)]).toEqual([answer, name])
  }
})

test('a refusal is reported once, counted each time, and lasts until it is over', () => {
  const { status, reported, metrics } = bed()
  for (let time = 0; time < 100; time++) status.refused('write', full)
  status.refused('look', full)
  expect([reported, status.refusal]).toEqual([['out_of_memory'], 'out_of_memory'])
  expect(metrics.redisRefusals.of({ reason: 'out_of_memory' }).total).toBe(101)
  status.granted('look')
  expect([reported, status.refusal]).toEqual([['out_of_memory', 'granted'], undefined])
})

test('what is forbidden to a write alone is not granted by a look', () => {
  const { status, reported } = bed()
  for (let time = 0; time < 10; time++) {
    status.refused('write', 'NOPERM xadd')
    status.granted('look')
    status.granted('read')
  }
  expect([reported, status.refusal]).toEqual([['no_permission'], 'no_permission'])
  status.granted('write')
  expect(status.refusal).toBe(undefined)
})

test('one that flaps is reported once a minute', () => {
  const { status, reported, clock } = bed()
  for (let second = 0; second < 120; second++) {
    status.refused('connect', readOnly)
    status.up()
    clock.advance(1_000)
  }
  expect(reported).toEqual(['read_only', 'granted', 'read_only', 'granted'])
})

test('a failed connection is reported once for each reason, until there is one', () => {
  const { status, reported } = bed()
  for (let time = 0; time < 1_000; time++) status.down(time % 2 === 0 ? 'refused' : 'timeout')
  expect(reported).toEqual(['refused', 'timeout'])
  status.up()
  status.down('refused')
  expect(reported).toEqual(['refused', 'timeout', 'refused'])
  for (let time = 0; time < 1_000; time++) status.down(`other words ${time}`)
  expect(reported.length).toBeLessThan(30)
})
