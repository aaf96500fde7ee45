/**
 * The context of one run: the target, the producer, the fleet, the samplers and the proxies
 * between them, set up in order and cleared in reverse, also after failures.
 */
import { mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Clock } from '../../relay/world/clock.ts'
import { DeadlineError, orAborted } from '../../relay/world/deadline.ts'
import { kafkaDefaults } from '../checkers/reading/allowances.ts'
import { defectOf } from '../defects/index.ts'
import type { ClientGroup } from '../fleet/group.ts'
import { injectFault, type FaultSpec } from '../faults/registry.ts'
import type { Scenario } from '../dsl/scenario.ts'
import type { Way } from '../stack/ways.ts'
import type { FaultContext, Injected } from '../faults/fault.ts'
import { startFleet, type RemoteFleet } from '../fleet/remote.ts'
import { openJournal, type Journal } from '../history/journal.ts'
import { watchStrain } from '../history/strain.ts'
import { removeTargetFile, writeTargetFile, type LiveTarget } from '../monitoring/target-file.ts'
import type { Sampler } from '../samplers/sampler.ts'
import { startProducer, type RemoteProducer } from '../producer/remote.ts'
import type { Names } from '../stack/kind.ts'
import type { Link, Stack } from '../stack/stack.ts'
import { openTopics, type Topics } from '../stack/topics.ts'
import { defectOfTarget, startTarget, type TargetSpec } from '../targets/registry.ts'
import type { RunningTarget } from '../targets/target.ts'
import type { World } from '../world/world.ts'
import { openEnding, type Ending } from './ending.ts'
import type { Report } from './progress.ts'
import { groupsAtStart } from './plan.ts'
import { startSamplers, type Samplers } from './sampling.ts'
import { openTargetLog } from './target-log.ts'
import { timingFor, type SourcedTimings } from './timing.ts'
import type { Order } from './order.ts'

export interface RunContext {
  readonly clock: Clock
  readonly journal: Journal
  readonly scenario: Scenario
  /** Aborts when the run must end: on Ctrl-C, or if something that it needs is gone. */
  readonly signal: AbortSignal
  readonly report: Report
  readonly target: RunningTarget
  readonly producer: RemoteProducer
  readonly fleet: RemoteFleet
  readonly samplers: Samplers
  /** What is known of the target's settings. */
  readonly timing: SourcedTimings
  /** Groups whose clients must all get everything: fast and connected from the start. */
  readonly watchedGroups: readonly string[]
  connect(group: string, count: number | undefined, limitMs: number): Promise<void>
  /** Puts a fault in place; see {@link Injected} for what comes after. */
  inject(spec: FaultSpec): Promise<Injected>
  /** Ends the run when one of its journals cannot be written. */
  checkJournals(): Promise<void>
  /** Lets fleet, producer and samplers end in order and write down what they have. */
  finish(): Promise<void>
  /** Ends everything in reverse; rejects with what failed, after the rest was done. */
  tearDown(): Promise<void>
}

/** A run context of real servers. */
export interface RealRunContext extends RunContext {
  readonly faultContext: FaultContext
}

/** Sets the run context. On failure everything that was set up already is cleared again. */
export async function setUpRun(world: World, order: Order): Promise<RealRunContext> {
  const { stack, folder } = order
  for (const name of ['history', 'logs']) mkdirSync(join(folder, name), { recursive: true })
  const originMs = world.clock.nowMs()
  const journal = openJournal(world.clock, join(folder, 'history/conductor.ndjson'), originMs)
  const tearDown = new AsyncDisposableStack()
  tearDown.defer(() => journal.close())
  const strain = watchStrain(world.clock, journal, 'conductor')
  tearDown.defer(() => strain.cancel())
  const ending = openEnding(order.signal, world.clock, journal)
  tearDown.defer(() => ending.told())
  tearDown.defer(stack.watch((server) => ending.lose(server)))
  try {
    const topics = await openTopics(world.clock, stack.kafkaDirect)
    tearDown.defer(() => topics.close())
    const names = order.names ?? (await makeTopics(world, order, topics, tearDown))
    const partitions = (await topics.ends(names.topic)).length
    return await startParts(world, order, {
      journal,
      originMs,
      names,
      partitions,
      ending,
      tearDown,
    })
  } catch (error) {
    await tearDown.disposeAsync().catch(() => undefined)
    // What a target says that lost its servers while it started is no news.
    throw ending.signal.aborted ? ending.signal.reason : error
  }
}

interface Setup {
  readonly journal: Journal
  readonly originMs: number
  readonly names: Names
  readonly partitions: number
  readonly ending: Ending
  readonly tearDown: AsyncDisposableStack
}

/** A defect of the client runs in the fleet, with the correct reference relay. */
function clientDefectOf(target: TargetSpec): { clientDefect?: string } {
  const defect = defectOfTarget(target)
  const isOfClient = defect !== undefined && defectOf(defect).part === 'client'
  return isOfClient ? { clientDefect: defect } : {}
}

/** By how much oversized records exceed the limit of the scenario. */
function payloadLimitOf({ relay }: Scenario): { payloadBytesMax?: number } {
  return relay.payloadBytesMax === undefined ? {} : { payloadBytesMax: relay.payloadBytesMax }
}

/** Topics of this run alone, which go with it. */
async function makeTopics(
  world: World,
  order: Order,
  topics: Topics,
  tearDown: AsyncDisposableStack,
): Promise<Names> {
  const { undoLog, scenario, stack } = order
  const names = namesOf(world, order)
  const ours = [names.topic, names.dlqTopic]
  const cleared = undoLog.register({
    undo: 'delete-topics',
    brokers: [...stack.kafkaDirect],
    topics: ours,
  })
  tearDown.defer(async () => {
    await topics.remove(ours)
    cleared()
  })
  await topics.create(names.topic, scenario.topic.partitions)
  await topics.create(names.dlqTopic, 1)
  return names
}

/** Kafka takes these characters in a topic's name. */
const notInNames = /[^\w.-]/g
const nameCharsMax = 200

/** Names that no other run uses, so that runs on one stack cannot disturb each other. */
function namesOf(world: World, { folder }: Order): Names {
  const name = `chaos-${world.mark}-${basename(folder)}`
  const topic = name.replaceAll(notInNames, '_').slice(0, nameCharsMax)
  return { topic, dlqTopic: `${topic}-dlq`, groupId: topic }
}

async function startParts(world: World, order: Order, setup: Setup): Promise<RealRunContext> {
  const { scenario, folder, stack, seed } = order
  const { journal, originMs, names, ending, tearDown } = setup
  ending.signal.throwIfAborted()
  const log = openTargetLog(world.clock, join(folder, 'history/target-log.ndjson'), originMs)
  tearDown.defer(() => log.close())
  await stack.emptyRedis()
  const target = await startTarget(world, order.target, {
    settings: scenario.relay,
    kafkaBrokers: stack.kafkaProxied,
    redisUrl: stack.redisProxied,
    topic: names.topic,
    dlqTopic: names.dlqTopic,
    groupId: names.groupId,
    ...(stack.relayService !== undefined && { service: stack.relayService }),
    logFile: join(folder, 'logs/relay.log'),
    onProcess: (pid, edge, code, signal) =>
      journal.write({ kind: 'process', t: journal.now(), role: 'relay', pid, edge, code, signal }),
    onLine: (line) => log.take(line),
  })
  tearDown.defer(() => target.stop().then(() => undefined))
  tellTarget(order, target, tearDown)
  for (const group of Object.keys(scenario.fleet)) await stack.addClientLink(group, target.address)
  tearDown.defer(() => stack.removeClientLinks())
  ending.signal.throwIfAborted()
  const producer = await startProducer(world, {
    journalFile: join(folder, 'history/producer.ndjson'),
    logFile: join(folder, 'logs/producer.log'),
    originMs,
    seed,
    brokers: stack.kafkaDirect,
    topic: names.topic,
    partitions: setup.partitions,
    ...payloadLimitOf(scenario),
  })
  tearDown.defer(() => producer.kill())
  ending.watch('producer', producer)
  ending.signal.throwIfAborted()
  const fleet = await startFleet(world, {
    journalFile: join(folder, 'history/fleet.ndjson'),
    logFile: join(folder, 'logs/fleet.log'),
    originMs,
    seed,
    ...clientDefectOf(order.target),
  })
  tearDown.defer(() => fleet.kill())
  ending.watch('fleet', fleet)
  const samplers = await startSamplers(world, { journal, stack, target, names, producer, fleet })
  tearDown.defer(() => samplers.stop())
  const monitoring = await startWatching(world, order, journal, target)
  tearDown.defer(() => monitoring?.stop())
  return contextOf(world, order, setup, { target, producer, fleet, samplers, monitoring })
}

/** The target as a Prometheus scrapes it. */
const liveTarget = ({ target, folder }: Order, { address }: RunningTarget): LiveTarget => ({
  address,
  run: basename(folder),
  variant: defectOfTarget(target) ?? target.kind,
})

/** For a Prometheus of the user's: the target is in its file until the run ends. */
function tellTarget(order: Order, target: RunningTarget, tearDown: AsyncDisposableStack): void {
  const { targetFile: path, undoLog } = order
  if (path === undefined) return
  const cleared = undoLog.register({ undo: 'remove-file', path })
  tearDown.defer(() => {
    removeTargetFile(path)
    cleared()
  })
  writeTargetFile(path, liveTarget(order, target))
}

/** Prometheus and Alertmanager, where the scenario needs them. */
async function startWatching(
  world: World,
  order: Order,
  journal: Journal,
  target: RunningTarget,
): Promise<Sampler | undefined> {
  const { scenario, folder, report } = order
  if (scenario.needs?.monitoring !== true) return undefined
  const defect = defectOfTarget(order.target)
  // Printing the rules brings libraries that would cost every command 100 ms.
  const { startMonitoring } = await import('../monitoring/run-monitoring.ts')
  return startMonitoring(world, {
    journal,
    logFolder: join(folder, 'logs'),
    target: liveTarget(order, target),
    defect: defect && defectOf(defect),
    report: (says) => report({ at: 'step', says }),
  })
}

interface Parts extends Pick<RunContext, 'target' | 'producer' | 'fleet' | 'samplers'> {
  readonly monitoring: Sampler | undefined
}

function contextOf(world: World, order: Order, setup: Setup, parts: Parts): RealRunContext {
  const { scenario, stack, report } = order
  const { journal, names, ending, tearDown } = setup
  const { fleet, producer, target, samplers, monitoring } = parts
  const { signal } = ending
  const link = (way: Way) => linkOf(stack, way)
  const timing = timingFor(order, samplers.version())
  const faultContext: FaultContext = {
    clock: world.clock,
    signal,
    toxics: order.toxics,
    undoLog: order.undoLog,
    relay: target.process,
    failOverRedis: stack.failOverRedis,
    group: {
      brokers: stack.kafkaDirect,
      topic: names.topic,
      groupId: names.groupId,
      partitions: setup.partitions,
      settleLimitMs: settleLimitOf(timing),
      facts: () => samplers.groupFacts(),
      ownedByTarget: () => samplers.ownedByTarget(),
    },
    link,
    fleetStatus: () => fleet.status(),
    setReading: async (group, isStalled) => void (await fleet.reading(group, isStalled)),
  }
  return {
    ...parts,
    faultContext,
    inject: (spec) => injectFault(spec, faultContext),
    timing,
    clock: world.clock,
    journal,
    scenario,
    signal,
    report,
    watchedGroups: groupsAtStart(scenario)
      .filter(([, group]) => group.reads !== 'slow')
      .map(([name]) => name),
    async connect(group, count, limitMs) {
      const spec: ClientGroup | undefined = scenario.fleet[group]
      if (spec === undefined) throw new Error(`the scenario has no group "${group}"`)
      const proxied = () => link({ hop: 'clients', group }).listen
      const url = `ws://${spec.isDirect ? target.address : proxied()}/ws`
      const { address: host } = target
      const joining = { group, url, host, count: count ?? spec.count, spec, deadlineMs: limitMs }
      await orAborted(signal, fleet.connect(joining))
    },
    async checkJournals() {
      const failure = journal.failure ?? (await failureOf(producer)) ?? (await failureOf(fleet))
      if (failure !== undefined) ending.end(failure)
    },
    async finish() {
      ending.expectExits()
      await orAborted(signal, fleet.finish())
      await orAborted(signal, producer.finish())
      await orAborted(signal, Promise.all([samplers.stop(), monitoring?.stop()]))
      journal.flush()
      if (journal.failure !== undefined) throw journal.failure
    },
    tearDown() {
      ending.expectExits()
      return tearDown.disposeAsync()
    },
  }
}

/** Kafka waits for a member that was killed as long as its session, and then for the others. */
const rejoinMs = 15_000

const settleLimitOf = ({ kafkaSessionTimeoutMs }: SourcedTimings): number =>
  (kafkaSessionTimeoutMs.value ?? kafkaDefaults.sessionTimeoutMs) + rejoinMs

/** What a helper says against itself; one that is only slow to answer says nothing. */
async function failureOf(helper: { status(): Promise<unknown> }): Promise<Error | undefined> {
  try {
    await helper.status()
    return undefined
  } catch (error) {
    return error instanceof DeadlineError ? undefined : (error as Error)
  }
}

function linkOf(stack: Stack, way: Way): Link {
  const name = way.hop === 'clients' ? `clients-${way.group}` : way.hop
  const found = stack.links.find((candidate) => candidate.name === name)
  if (found === undefined) {
    const names = stack.links.map((candidate) => candidate.name).join(', ')
    throw new Error(`the stack has no link "${name}"; it has ${names}`)
  }
  return found
}
