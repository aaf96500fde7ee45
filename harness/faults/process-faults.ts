/** Faults of the relay's own process: killed, frozen, restarted. Only for targets of ours. */
import { readFileSync } from 'node:fs'
import { DeadlineError } from '../../relay/world/deadline.ts'
import { isTrouble } from '../world/trouble.ts'
import { identify } from '../world/processes.ts'
import {
  isDescribable,
  isRelayGone,
  until,
  type Evidence,
  type FaultKind,
  type FaultStage,
} from './fault.ts'
import type { RelayProcess } from '../targets/target.ts'

/** A relay must end on SIGTERM within this time. */
const termLimitMs = 15_000
/** And be ready again within this one: Kafka waits for a killed member as long as its session. */
const startLimitMs = 60_000
const whyCharsMax = 500

/** The relay's process, which must be ours and alive: what is dead cannot be killed. */
function processOf(stage: FaultStage): RelayProcess {
  if (stage.relay === undefined) {
    throw new Error(
      'this fault needs a relay process of our own, but the target is a URL; ' +
        'use --target reference or --target-command',
    )
  }
  if (isGone(stage.relay.pid)) {
    throw new Error(`the relay (process ${stage.relay.pid}) has ended already`)
  }
  return stage.relay
}

/** State letter of a process (`T`: stopped; see proc(5)); `gone` once it has ended. */
function processState(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.charAt(stat.lastIndexOf(')') + 2)
  } catch {
    return 'gone'
  }
}

const isGone = (pid: number) => identify(pid) === undefined

const killRelay: FaultKind<'kill-relay'> = {
  says: () => 'the relay is killed without warning',
  async inject(_, stage) {
    const relay = processOf(stage)
    const pid = relay.pid
    await relay.kill('SIGKILL', termLimitMs)
    return {
      bites: async () => ({
        isBiting: isGone(pid),
        evidence: { pid, isGone: isGone(pid) },
      }),
      heal: () => startAgain(relay, stage),
    }
  },
}

const restartRelay: FaultKind<'restart-relay'> = {
  says: ({ environment = {}, isBackAtOnce = false }) => {
    const values = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
    const further = values.length === 0 ? '' : ` with ${values.join(', ')}`
    const atOnce = isBackAtOnce ? ' at once' : ''
    return `the relay is asked to stop and started again${atOnce}${further}`
  },
  async inject({ environment }, stage) {
    const relay = processOf(stage)
    const pid = relay.pid
    const beganMs = stage.clock.nowMs()
    const ended = await endInOrder(relay)
    const tookMs = Math.round(stage.clock.nowMs() - beganMs)
    return {
      bites: async () => ({
        isBiting: isGone(pid),
        evidence: { pid, exitCode: ended.code, hasObeyed: ended.hasObeyed, tookMs },
      }),
      heal: () => startAgain(relay, stage, environment),
    }
  },
}

/** A relay that does not end when it is asked to is killed: it must be restarted all the same. */
async function endInOrder(relay: RelayProcess) {
  try {
    return { ...(await relay.kill('SIGTERM', termLimitMs)), hasObeyed: true }
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error
    return { ...(await relay.kill('SIGKILL', termLimitMs)), hasObeyed: false }
  }
}

/** A relay may refuse what it is told, by ending at once; then it is told it no more. */
async function startAgain(
  relay: RelayProcess,
  stage: FaultStage,
  environment?: Readonly<Record<string, string>>,
): Promise<Evidence> {
  const beganMs = stage.clock.nowMs()
  try {
    await relay.start(startLimitMs, environment)
  } catch (error) {
    if (environment === undefined || !hasRefused(error)) throw error
    await relay.start(startLimitMs)
    return { pid: relay.pid, isRefused: true, why: (error as Error).message.slice(0, whyCharsMax) }
  }
  const readyMs = Math.round(stage.clock.nowMs() - beganMs)
  return { pid: relay.pid, readyMs, ...(await settled(stage)) }
}

/**
 * Waits until the group is settled with the target: a member that was killed is missed only after
 * its session, and what the new one does before that says nothing of it. A group that never
 * settles is told and not thrown: it may be the relay's own failure.
 */
async function settled(stage: FaultStage): Promise<Evidence> {
  const { group } = stage
  if (!(await isDescribable(stage))) return { isSettled: null }
  const asked = await until(
    stage,
    group.settleLimitMs,
    200,
    () => group.ownedByTarget(),
    (held = []) => held.length >= group.partitions || isRelayGone(stage),
  )
  const partitionsHeld = asked.answer?.length ?? null
  const settledMs = Math.round(asked.tookMs)
  return { isSettled: partitionsHeld === group.partitions, settledMs, partitionsHeld }
}

const hasRefused = (error: unknown) => isTrouble((error as Error).cause, 'child-died')

const pauseRelay: FaultKind<'pause-relay'> = {
  says: () => 'the relay is frozen: it keeps its sockets and does nothing',
  async inject(_, stage) {
    const relay = processOf(stage)
    const pid = relay.pid
    const frozen = identify(pid)
    if (frozen === undefined) throw new Error(`the relay (process ${pid}) has ended already`)
    const struck = stage.debts.owe({ mend: 'continue-process', process: frozen })
    relay.send('SIGSTOP')
    return {
      async bites() {
        const asked = await until(
          stage,
          2_000,
          20,
          async () => processState(pid),
          (state) => state === 'T',
        )
        return { isBiting: asked.holds, evidence: { pid, state: asked.answer } }
      },
      async heal() {
        relay.send('SIGCONT')
        struck()
        const asked = await until(
          stage,
          2_000,
          20,
          async () => processState(pid),
          (state) => state !== 'T',
        )
        if (!asked.holds) throw new Error(`the relay (process ${pid}) must go on; it is frozen`)
        return { pid, state: asked.answer }
      },
    }
  },
}

export const processFaults = {
  'kill-relay': killRelay,
  'restart-relay': restartRelay,
  'pause-relay': pauseRelay,
}
