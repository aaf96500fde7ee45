/** Who is told of what Redis refuses, and how often. */
import { expect, test } from 'vitest'
import { createMetrics } from '../metrics/metrics.ts'
import { redisRefusalRows, redisRefusals, refusalOf } from '../tables/redis-refusals.ts'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { RedisStatus } from './redis-status.ts'

/** A status, and every line that it told. */
function bed() {
  const clock = new ManualClock()
  const metrics = createMetrics(false)
  const told: string[] = []
  const status = new RedisStatus({
    clock,
    metrics,
    onRefusal: (refusal) => void told.push(refusal),
    onGranted: () => void told.push('granted'),
    onDown: (why) => void told.push(why),
  })
  return { clock, metrics, told, status }
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

test('a refusal is told once, counted each time, and stands until it is over', () => {
  const { status, told, metrics } = bed()
  for (let time = 0; time < 100; time++) status.refused('write', full)
  status.refused('look', full)
  expect([told, status.refusal]).toEqual([['out_of_memory'], 'out_of_memory'])
  expect(metrics.redisRefusals.of({ reason: 'out_of_memory' }).total).toBe(101)
  status.granted('look')
  expect([told, status.refusal]).toEqual([['out_of_memory', 'granted'], undefined])
})

test('what is forbidden to a write alone is not granted by a look', () => {
  const { status, told } = bed()
  for (let time = 0; time < 10; time++) {
    status.refused('write', 'NOPERM xadd')
    status.granted('look')
    status.granted('read')
  }
  expect([told, status.refusal]).toEqual([['no_permission'], 'no_permission'])
  status.granted('write')
  expect(status.refusal).toBe(undefined)
})

test('one that comes and goes is told once a minute', () => {
  const { status, told, clock } = bed()
  for (let second = 0; second < 120; second++) {
    status.refused('connect', readOnly)
    status.up()
    clock.advance(1_000)
  }
  expect(told).toEqual(['read_only', 'granted', 'read_only', 'granted'])
})

test('a connection that cannot be made is told once for each reason, until there is one', () => {
  const { status, told } = bed()
  for (let time = 0; time < 1_000; time++) status.down(time % 2 === 0 ? 'refused' : 'timeout')
  expect(told).toEqual(['refused', 'timeout'])
  status.up()
  status.down('refused')
  expect(told).toEqual(['refused', 'timeout', 'refused'])
  for (let time = 0; time < 1_000; time++) status.down(`other words ${time}`)
  expect(told.length).toBeLessThan(30)
})
