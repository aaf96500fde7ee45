/**
 * The native stack: Kafka, Redis and Toxiproxy as child processes on free loopback ports, with a
 * data folder of their own. Everything ends with the world in which it was started.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { requireHostProgram } from '../toolchain/host-programs.ts'
import { ensureTools, type Report } from '../toolchain/tools.ts'
import { startChild } from '../world/child.ts'
import type { OwnedChild } from '../world/owned-child.ts'
import { UsageError } from '../world/exit-codes.ts'
import { remove } from '../world/ledger.ts'
import { holdPorts } from '../world/ports.ts'
import type { World } from '../world/world.ts'
import type { StackKind } from './kind.ts'
import { ensureKafkaClasses } from './kafka-classes.ts'
import { formatStorage, startKafka, type KafkaPlan, type KafkaPorts } from './kafka-server.ts'
import { onFreePorts, type ChoosePorts } from './free-ports.ts'
import { atOnce, connectionsAt, takePlace, type FailoverPorts } from './redis-failover.ts'
import { askRedisVersion, emptyRedis, startRedis } from './redis-server.ts'
import type { Hop, Address } from './ways.ts'
import { endedServer, openLookout, type Lookout, type Server, type ServerRole } from './lookout.ts'
import type { DemotedRedis, Link, Stack } from './stack.ts'
import { openToxiproxy, type ToxiproxyControl } from './toxiproxy.ts'

export interface NativeStackOptions {
  readonly world: World
  /** Says what is going on (installations above all), in one line. */
  readonly report: Report
  /** Keeps the servers' logs; without it they go with the data folder. */
  readonly logFolder?: string
  readonly kafkaPartitionsDefault?: number
  /** How ports are chosen; tests hand in taken ones. */
  readonly choosePorts?: ChoosePorts
}

export const native: StackKind = {
  form: 'native',
  says: 'the default: Kafka, Redis and Toxiproxy as local processes',
  choose(rest) {
    if (rest !== undefined) throw new UsageError('--stack native takes nothing more')
    return {
      says: 'starting Kafka, Redis and Toxiproxy on loopback',
      start: (given) => startNativeStack(given),
    }
  },
}

/** Ending without farewell: the data is thrown away, so there is nothing to bring in order. */
const graceMs = 1
const toxiproxyLimitMs = 10_000

/**
 * Starts all servers and the proxies of the Kafka and Redis hops.
 *
 * @throws Trouble of the toolchain; `child-died`, `child-late` with the end of the server's log;
 * `port-taken`. Nothing is left running then.
 */
export async function startNativeStack(options: NativeStackOptions): Promise<Stack> {
  const { world, report } = options
  const tools = await ensureTools(['kafka', 'redis', 'toxiproxy'], report)
  const folder = world.makeFolder('stack')
  const logFolder = options.logFolder ?? join(folder, 'logs')
  const bare: KafkaPlan = {
    libs: tools.kafka.path,
    java: await requireHostProgram('java'),
    folder,
    logFolder,
    partitionsDefault: options.kafkaPartitionsDefault ?? 4,
  }
  const plan = { ...bare, javaOptions: await ensureKafkaClasses(world, bare, report) }
  const children: Site['children'] = new Map()
  const servers: Site['servers'] = new Map()
  const demoted: Site['demoted'] = new Set()
  const lookout = openLookout(world.clock, () => [...servers.values()])
  const made = { folder, logFolder, tools, plan, children, servers, demoted, lookout }
  const site: Site = { ...options, ...made }
  try {
    return await start(site)
  } catch (error) {
    await tearDown(site)
    throw error
  }
}

interface Site extends NativeStackOptions {
  readonly folder: string
  readonly logFolder: string
  readonly tools: Awaited<ReturnType<typeof ensureTools>>
  readonly plan: KafkaPlan
  /** By role; what is in here is ended with the stack. */
  readonly children: Map<ServerRole, OwnedChild>
  /** Where each server is asked whether it is there. */
  readonly servers: Map<ServerRole, Server>
  /** Redis servers that another one has taken the place of. */
  readonly demoted: Set<OwnedChild>
  readonly lookout: Lookout
}

/** Watches a server until it is released; one that ends before that is gone. */
function keep({ children, servers, lookout }: Site, child: OwnedChild, port: number): void {
  const role = child.role as ServerRole
  children.set(role, child)
  servers.set(role, { role, address: local(port) })
  lookout.forget(role)
  void child.exited.then((exit) =>
    children.get(role) === child ? lookout.tell(endedServer(role, child, exit)) : undefined,
  )
}

/** Ends a server on purpose. */
async function letGo(site: Site, role: ServerRole): Promise<void> {
  const { children, servers, demoted } = site
  const child = children.get(role)
  children.delete(role)
  servers.delete(role)
  await child?.stop(graceMs)
  if (role === 'redis') for (const old of demoted) await letGoDemoted(site, old)
}

async function letGoDemoted({ demoted }: Site, old: OwnedChild): Promise<void> {
  demoted.delete(old)
  await old.stop(graceMs)
}

async function start(site: Site): Promise<Stack> {
  const redisUp = onPorts(site, 'redis', 1, ([port]) => startRedisOn(site, port as number))
  const proxyUp = onPorts(site, 'toxiproxy', 1, ([port]) => startToxiproxy(site, port as number))
  const formatted = formatStorage(site.world, site.plan)
  // Wait for all: a server that starts after another one failed must be stopped too.
  await Promise.allSettled([redisUp, proxyUp, formatted])
  const [redisPort, apiPort] = await Promise.all([redisUp, proxyUp, formatted])
  const control = openToxiproxy(site.world.clock, `http://127.0.0.1:${apiPort}`)
  const redisLink = await addLink(site, control, 'redis', 'redis', local(redisPort))
  const broker = await onPorts(site, 'kafka', 3, (ports) => startBroker(site, control, ports))
  const versions = {
    kafka: /Kafka version: (\S+)/.exec(site.children.get('kafka')?.tail() ?? '')?.[1] ?? 'unknown',
    redis: await askRedisVersion(site.world.clock, redisPort),
    toxiproxy: await control.version(),
  }
  const fixed = [broker.link, redisLink] as const
  return face(site, { control, broker, redisPort, versions, fixed })
}

/** The proxy first, because the broker advertises its address. */
async function startBroker(site: Site, control: ToxiproxyControl, ports: readonly number[]) {
  const [direct, proxied] = ports as KafkaPorts
  const link = await addLink(site, control, 'kafka', 'kafka', local(proxied))
  try {
    const broker = await startKafka(site.world, site.plan, ports as KafkaPorts, link.listen)
    keep(site, broker, direct)
    return { direct: local(direct), link, ports: ports as KafkaPorts }
  } catch (error) {
    await control.removeLink(link).catch(() => undefined)
    throw error
  }
}

/**
 * A proxy on a port outside the range for outgoing connections: a link that is cut gives its port
 * back for a while, and must find it free when it is healed.
 */
async function addLink(
  { world, choosePorts = holdPorts }: Site,
  control: ToxiproxyControl,
  name: string,
  hop: Hop,
  upstream: string,
): Promise<Link> {
  const held = await choosePorts(1, `${world.mark}/link/${name}`)
  await held.release()
  return control.createLink(name, hop, local(held.ports[0] as number), upstream)
}

const local = (port: number) => `127.0.0.1:${port}`

/** Starts a server on free ports. */
function onPorts<T>(
  { world, choosePorts }: Site,
  role: string,
  count: number,
  startOn: (ports: readonly number[]) => Promise<T>,
): Promise<T> {
  return onFreePorts({ seed: `${world.mark}/${role}`, role, count, choosePorts }, startOn)
}

async function startRedisOn(site: Site, port: number): Promise<number> {
  const { world, tools, folder, logFolder } = site
  keep(site, await startRedis(world, tools.redis, folder, logFolder, port), port)
  return port
}

/** A second server, which takes the place of the first one. */
function failOverRedis(site: Site, place: number): Promise<DemotedRedis> {
  const { world, tools, folder, logFolder, children, demoted, lookout } = site
  return onPorts(site, 'redis-failover', 2, async ([from, aside]) => {
    const ports = { place, from, aside } as FailoverPorts
    const logs = join(logFolder, 'failover')
    const next = await startRedis(world, tools.redis, folder, logs, ports.from, atOnce)
    const connectionsStayed = await takePlace(world.clock, ports).catch(async (error: unknown) => {
      await next.stop(graceMs)
      throw error
    })
    const old = children.get('redis') as OwnedChild
    keep(site, next, place)
    demoted.add(old)
    // Open connections must stay with it, or this is not a failover.
    void old.exited.then((exit) =>
      demoted.has(old) ? lookout.tell(endedServer('redis', old, exit)) : undefined,
    )
    return {
      connectionsStayed,
      connections: () => connectionsAt(world.clock, ports.aside),
      end: () => letGoDemoted(site, old),
    }
  })
}

async function startToxiproxy(site: Site, port: number): Promise<number> {
  const { world, tools, logFolder } = site
  const control = openToxiproxy(world.clock, `http://127.0.0.1:${port}`)
  const child = await startChild(world, {
    role: 'toxiproxy',
    command: tools.toxiproxy.path,
    args: ['-host=127.0.0.1', `-port=${port}`, '-runtime-metrics', '-proxy-metrics'],
    env: tools.toxiproxy.env,
    logFile: join(logFolder, 'toxiproxy.log'),
    deadlineMs: toxiproxyLimitMs,
    fatalLine: (line) => line.includes('Server finished with error'),
    ready: { probe: async () => void (await control.version()) },
  })
  keep(site, child, port)
  return port
}

interface Parts {
  readonly control: ToxiproxyControl
  readonly broker: { readonly direct: Address; readonly link: Link; readonly ports: KafkaPorts }
  readonly redisPort: number
  readonly versions: Readonly<Record<string, string>>
  readonly fixed: readonly [kafka: Link, redis: Link]
}

function face(site: Site, parts: Parts): Stack {
  const { control, broker, redisPort, versions, fixed } = parts
  const clientLinks = new Map<string, Link>()
  const links = () => [...fixed, ...clientLinks.values()]
  let stopping: Promise<void> | undefined
  return {
    kafkaDirect: [broker.direct],
    kafkaProxied: [fixed[0].listen],
    redisDirect: `redis://${local(redisPort)}`,
    redisProxied: `redis://${fixed[1].listen}`,
    toxiproxy: control.api,
    versions,
    get pids() {
      return Object.fromEntries([...site.children].map(([role, child]) => [role, child.pid]))
    },
    get links() {
      return links()
    },
    async addClientLink(group, upstream) {
      const link = await addLink(site, control, `clients-${group}`, 'clients', upstream)
      clientLinks.set(group, link)
      return link
    },
    async removeClientLinks() {
      for (const [group, link] of clientLinks) {
        await control.removeLink(link)
        clientLinks.delete(group)
      }
    },
    recreateProxies: () => startProxies(site, control, links()),
    emptyRedis: () => emptyRedis(site.world.clock, redisPort),
    failOverRedis: () => failOverRedis(site, redisPort),
    watch: (see) => site.lookout.watch(see),
    revive: () => revive(site, parts, links),
    stop: () => (stopping ??= tearDown(site)),
  }
}

/** Toxiproxy restarted, with all its links and no toxics. */
async function startProxies(
  site: Site,
  control: ToxiproxyControl,
  links: readonly Link[],
): Promise<void> {
  await letGo(site, 'toxiproxy')
  await startToxiproxy(site, Number(new URL(control.api).port))
  for (const link of links) {
    await control.createLink(link.name, link.hop, link.listen, link.upstream)
  }
}

/** Starts servers that are gone again, without their data: no later run needs it. */
async function revive(
  site: Site,
  { control, broker, redisPort }: Parts,
  links: () => readonly Link[],
): Promise<readonly string[]> {
  const gone = [...site.lookout.gone.keys()]
  for (const role of gone) {
    await letGo(site, role)
    if (role === 'redis') await startRedisOn(site, redisPort)
    if (role === 'toxiproxy') await startProxies(site, control, links())
    if (role === 'kafka') await startBrokerAnew(site, broker)
  }
  return gone
}

async function startBrokerAnew(site: Site, { ports, link }: Parts['broker']): Promise<void> {
  rmSync(join(site.plan.folder, 'kafka'), { recursive: true, force: true })
  await formatStorage(site.world, site.plan)
  keep(site, await startKafka(site.world, site.plan, ports, link.listen), ports[0])
}

async function tearDown(site: Site): Promise<void> {
  const { world, folder, children } = site
  await Promise.all([...children.keys()].map((role) => letGo(site, role)))
  try {
    world.removeFolder(folder)
  } catch {
    // The ledger could not be written (a full disk): the folder itself is what matters.
    remove(folder)
  }
}
