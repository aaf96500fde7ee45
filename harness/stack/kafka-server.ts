/**
 * One Kafka broker (KRaft, its own controller) for one run. Two listeners for clients: DIRECT for
 * the harness, and PROXIED, which advertises the proxy's address instead of its own, so that a
 * client cannot bypass a fault after the first metadata response.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startChild } from '../world/child.ts'
import type { OwnedChild } from '../world/owned-child.ts'
import { dice } from '../world/dice.ts'
import { Trouble } from '../world/trouble.ts'
import type { World } from '../world/world.ts'
import { scramArguments, type Secured, securedProtocols, securedSettings } from './kafka-secured.ts'
import { openTopics } from './topics.ts'
import type { Address } from './ways.ts'

/** Ports of one broker, in the order in which they are held; one per secured listener, if any. */
export type KafkaPorts = readonly [
  direct: number,
  proxied: number,
  controller: number,
  ...secured: readonly number[],
]

export interface KafkaPlan {
  /** Folder of the jars. */
  readonly libs: string
  readonly java: string
  readonly folder: string
  readonly logFolder: string
  readonly partitionsDefault: number
  /** Opens the secured listeners beside the others. */
  readonly secured?: Secured
  /** Options of the JVM beside our own. */
  readonly javaOptions?: readonly string[]
}

const formatLimitMs = 20_000
/** 1.3 s on an idle machine; a loaded one with a cold page cache takes many times that. */
const readyLimitMs = 45_000

/** Small and quick to start; it carries some ten thousand records a second all the same. */
const jvmOptions = [
  '-Xms256m',
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:+ExitOnOutOfMemoryError',
  '-Djava.awt.headless=true',
  `-Dlog4j2.configurationFile=${join(import.meta.dirname, 'kafka-log4j2.properties')}`,
]

/** Writes the cluster's identity into the data folder, as every broker wants before its start. */
export async function formatStorage(world: World, plan: KafkaPlan): Promise<void> {
  const file = writeSettings(plan, [1, 2, 3, 4, 5, 6], '127.0.0.1:2')
  const users = plan.secured === undefined ? [] : scramArguments(plan.secured)
  const tool = java(plan, 'kafka.tools.StorageTool')
  const id = clusterId(world, plan.folder)
  const child = await startChild(world, {
    role: 'kafka-format',
    command: tool.command,
    args: [...tool.args, 'format', `--cluster-id=${id}`, `--config=${file}`, ...users],
    logFile: join(plan.logFolder, 'kafka-format.log'),
    deadlineMs: formatLimitMs,
  })
  const timer = world.clock.after(formatLimitMs, () => void child.stop(0))
  const { code } = await child.exited
  timer.cancel()
  if (code === 0) return
  throw new Trouble(
    'child-died',
    `Kafka could not format its data folder ${plan.folder}:\n${child.tail()}`,
    'check the free space of the disk, and Java: npm run chaos -- doctor',
  )
}

/** Starts the broker and waits until it says so and answers on its direct listener. */
export async function startKafka(
  world: World,
  plan: KafkaPlan,
  ports: KafkaPorts,
  advertised: Address,
): Promise<OwnedChild> {
  const file = writeSettings(plan, ports, advertised)
  const command = java(plan, 'kafka.Kafka')
  const broker = await startChild(world, {
    role: 'kafka',
    command: command.command,
    args: [...command.args, file],
    logFile: join(plan.logFolder, 'kafka.log'),
    deadlineMs: readyLimitMs,
    ready: { line: (line) => line.includes('Kafka Server started') },
  })
  try {
    const topics = await openTopics(world.clock, [`127.0.0.1:${ports[0]}`])
    await topics.clusterId()
    await topics.close()
    return broker
  } catch (error) {
    await broker.stop(0)
    throw error
  }
}

function java({ java: command, javaOptions = [], libs }: KafkaPlan, main: string) {
  return { command, args: [...jvmOptions, ...javaOptions, '-cp', join(libs, '*'), main] }
}

/** 128 bits in the alphabet of Kafka's identifiers, different for every run. */
function clusterId(world: World, folder: string): string {
  const die = dice(`${world.mark}/${folder}`)
  return Buffer.from(Array.from({ length: 16 }, () => die.int(256))).toString('base64url')
}

function writeSettings(plan: KafkaPlan, ports: KafkaPorts, advertised: Address): string {
  const file = join(plan.folder, 'kafka.properties')
  const lines = Object.entries(settings(plan, ports, advertised))
  writeFileSync(file, lines.map(([name, value]) => `${name}=${value}\n`).join(''))
  return file
}

function settings(plan: KafkaPlan, ports: KafkaPorts, advertised: Address) {
  const [direct, proxied, controller, ...others] = ports.map((port) => `127.0.0.1:${port}`)
  const protocols = plan.secured === undefined ? [] : securedProtocols
  const secured = protocols.map((name, at) => `,${name}://${others[at]}`).join('')
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'DIRECT',
    listeners: `DIRECT://${direct},PROXIED://${proxied},CONTROLLER://${controller}${secured}`,
    'advertised.listeners': `DIRECT://${direct},PROXIED://${advertised}${secured}`,
    'listener.security.protocol.map': [
      'DIRECT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
      ...protocols.map((name) => `${name}:${name}`),
    ].join(','),
    ...(plan.secured === undefined ? {} : securedSettings(plan.secured)),
    'log.dirs': join(plan.folder, 'kafka'),
    'num.partitions': plan.partitionsDefault,
    // A misspelt topic must be an error, not a new topic.
    'auto.create.topics.enable': false,
    'message.max.bytes': 12 * 1_024 * 1_024,
    // One broker keeps one copy of its own topics; few partitions make the first join quick.
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 2,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // Groups form without delay, and session timeouts may be as short as 1 s.
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    // 128 MiB of a 512 MiB heap by default.
    'log.cleaner.dedupe.buffer.size': 4 * 1_024 * 1_024,
    'file.delete.delay.ms': 1_000,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
  } as const
}
