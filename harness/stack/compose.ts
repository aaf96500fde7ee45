/**
 * The compose stack: Kafka, Redis and Toxiproxy as containers of docker-compose.chaos.yml, in a
 * project of this run alone. It runs the relay itself, of its image: one container after another,
 * each with the settings of its scenario.
 *
 * The harness reaches containers by their addresses in the project's network, not by published
 * ports: between those and a container the engine has a proxy of its own, which hides resets and
 * refusals. So the engine must run on this Linux machine; processes and memory are read here too.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../world/folders.ts'
import { stateFolder } from '../world/places.ts'
import { noteProject } from '../world/stack-projects.ts'
import { UsageError } from '../world/exit-codes.ts'
import { isTrouble, Trouble } from '../world/trouble.ts'
import { missingImages, openProject, pull, type Project, type Seen } from './compose-project.ts'
import { relayServiceOf } from './compose-relay.ts'
import { findEngine } from './engine.ts'
import { onFreePorts } from './free-ports.ts'
import type { StackKind, StackStart } from './kind.ts'
import { openLookout, type Lookout, type Server, type ServerRole } from './lookout.ts'
import type { Link, Stack } from './stack.ts'
import { openTopics } from './topics.ts'
import { openToxiproxy, type ToxiproxyControl } from './toxiproxy.ts'
import type { Hop } from './ways.ts'

export const compose: StackKind = {
  form: 'compose',
  says: 'containers of docker-compose.chaos.yml, which run the relay too',
  choose(rest) {
    if (rest !== undefined) throw new UsageError('--stack compose takes nothing more')
    return {
      says: 'starting Kafka, Redis and Toxiproxy as containers',
      target: 'image',
      start: startComposeStack,
    }
  },
}

const roles: readonly ServerRole[] = ['kafka', 'redis', 'toxiproxy']
/** Services of the file with the variables that name their images. */
const imageVariables = {
  kafka: 'KAFKA_IMAGE',
  redis: 'REDIS_IMAGE',
  toxiproxy: 'TOXIPROXY_IMAGE',
  relay: 'RELAY_IMAGE',
} as const
/** Ports of the file that no run needs: the engine takes any free ones. */
const anyPort = { REDIS_HOST_PORT: '0', TOXIPROXY_HOST_PORT: '0', RELAY_HOST_PORT: '0' }
const readySeconds = 90
const startLimitMs = (readySeconds + 30) * 1_000
const ports = { redis: 6379, toxiproxy: 8474, kafkaProxied: 19_092, redisProxied: 16_379 } as const
/** Links to clients get ports from here on, in the container of Toxiproxy. */
const firstClientPort = 20_000
/** Proxies of the file's configuration; a run has its own in their place. */
const configured = ['kafka', 'redis', 'clients'] as const

interface Site {
  readonly given: StackStart
  readonly project: Project
  readonly kafkaPort: number
  readonly images: Readonly<Record<string, string>>
}

/**
 * Starts the servers and waits until they are healthy.
 *
 * @throws UsageError without an engine on this machine; Trouble `image-missing`, `port-taken`,
 * `engine-failed`. Nothing is left running then.
 */
async function startComposeStack(given: StackStart): Promise<Stack> {
  const { world, report } = given
  const engine = await findEngine(world.mark)
  const name = `chaos-${world.mark}`
  const folder = world.makeFolder('compose')
  const images = await imagesOf(openProject(engine, name, folder, anyPort))
  for (const service of await missing(engine, images)) {
    if (service === 'relay') throw relayImageMissing(images.relay)
    report(`pulling ${images[service]}`)
    await pull(engine, images[service], imageVariables[service])
  }
  const strike = noteProject(stateFolder, name)
  const begin = (port: number) => {
    const project = openProject(engine, name, folder, { ...anyPort, KAFKA_HOST_PORT: `${port}` })
    return { given, project, kafkaPort: port, images }
  }
  let site = begin(0)
  try {
    await onFreePorts({ role: 'kafka', count: 1, seed: `${world.mark}/kafka` }, ([port]) => {
      site = begin(port as number)
      return up(site.project, roles)
    })
    return await face(site, strike)
  } catch (error) {
    await tearDown(site, strike)
    throw error
  }
}

type Images = Readonly<Record<keyof typeof imageVariables, string>>

/** The images that the file names, with the variables of this shell. */
async function imagesOf(project: Project): Promise<Images> {
  const text = await project.compose('read its file', ['config', '--format', 'json'])
  const { services } = JSON.parse(text) as { services: Record<string, { image: string }> }
  const pairs = Object.keys(imageVariables).map((name) => [name, services[name]?.image ?? name])
  return Object.fromEntries(pairs) as Images
}

async function missing(engine: Project['engine'], images: Images) {
  const lacking = await missingImages(engine, Object.values(images))
  const services = Object.keys(imageVariables) as (keyof Images)[]
  return services.filter((service) => lacking.includes(images[service]))
}

const relayImageMissing = (image: string) =>
  new Trouble(
    'image-missing',
    `the image ${image}, which is to be judged, is not here`,
    'docker compose -f docker-compose.chaos.yml build relay, or name another one in RELAY_IMAGE',
  )

async function up(project: Project, services: readonly string[]): Promise<void> {
  const args = ['up', '--detach', '--no-build', '--pull', 'never', '--no-deps', '--wait']
  const limit = ['--wait-timeout', `${readySeconds}`]
  const what = `start ${services.join(', ')}`
  await project.compose(what, [...args, ...limit, ...services], startLimitMs)
}

/** The stack of containers that run. */
async function face(site: Site, strike: () => void): Promise<Stack> {
  const { given, project, kafkaPort } = site
  const { clock } = given.world
  const seen = await seeAll(project)
  refuseElsewhere(seen)
  const hosts = { redis: seen.redis.host, toxiproxy: seen.toxiproxy.host }
  const kafkaDirect = [`127.0.0.1:${kafkaPort}`]
  const control = openToxiproxy(clock, `http://${hosts.toxiproxy}:${ports.toxiproxy}`)
  const links = new Map<string, Link>()
  const addLink = async (name: string, hop: Hop, port: number, upstream: string) => {
    const link = await control.createLink(name, hop, `${hosts.toxiproxy}:${port}`, upstream)
    links.set(name, link)
    return link
  }
  await removeConfigured(control)
  await addLink('kafka', 'kafka', ports.kafkaProxied, 'kafka:19093')
  await addLink('redis', 'redis', ports.redisProxied, `redis:${ports.redis}`)
  const topics = await openTopics(clock, kafkaDirect)
  await topics.close()
  const servers = serversAt(kafkaPort, hosts)
  const lookout = openLookout(clock, () => servers)
  const relink = async () => {
    const { host } = await project.see('toxiproxy')
    if (host !== hosts.toxiproxy) throw moved('toxiproxy', hosts.toxiproxy, host)
    await removeConfigured(control)
    for (const one of links.values()) {
      await control.createLink(one.name, one.hop, one.listen, one.upstream)
    }
  }
  let clientPort = firstClientPort
  let stopping: Promise<void> | undefined
  return {
    kafkaDirect,
    // As the relay sees them, from within the network.
    kafkaProxied: [`toxiproxy:${ports.kafkaProxied}`],
    redisDirect: `redis://${hosts.redis}:${ports.redis}`,
    redisProxied: `redis://toxiproxy:${ports.redisProxied}`,
    toxiproxy: control.api,
    versions: await versionsOf(site, control),
    pids: Object.fromEntries(roles.map((role) => [role, seen[role].pid])),
    relayService: relayServiceOf(project),
    get links() {
      return [...links.values()]
    },
    addClientLink: (group, upstream) =>
      addLink(`clients-${group}`, 'clients', (clientPort += 1), upstream),
    async removeClientLinks() {
      for (const link of [...links.values()].filter(({ hop }) => hop === 'clients')) {
        await control.removeLink(link)
        links.delete(link.name)
      }
    },
    async recreateProxies() {
      const name = project.container('toxiproxy')
      await project.engine.ask('restart Toxiproxy', ['restart', '--time', '0', name])
      await up(project, ['toxiproxy'])
      await relink()
    },
    async emptyRedis() {
      const flush = ['exec', project.container('redis'), 'redis-cli', 'FLUSHALL', 'ASYNC']
      await project.engine.ask('empty Redis', flush)
    },
    watch: (see) => lookout.watch(see),
    revive: () => revive(project, lookout, relink),
    stop: () => (stopping ??= tearDown(site, strike)),
  }
}

const serversAt = (
  kafkaPort: number,
  hosts: { readonly redis: string; readonly toxiproxy: string },
): readonly Server[] => [
  { role: 'kafka', address: `127.0.0.1:${kafkaPort}` },
  { role: 'redis', address: `${hosts.redis}:${ports.redis}` },
  { role: 'toxiproxy', address: `${hosts.toxiproxy}:${ports.toxiproxy}` },
]

type SeenServers = Readonly<Record<'kafka' | 'redis' | 'toxiproxy', Seen>>

async function seeAll(project: Project): Promise<SeenServers> {
  const all = await Promise.all(roles.map(async (role) => [role, await project.see(role)] as const))
  return Object.fromEntries(all) as unknown as SeenServers
}

/** Refuses an engine in a virtual machine or on another host: its processes are not here. */
function refuseElsewhere({ kafka }: SeenServers): void {
  if (cgroupsOf(kafka.pid).includes(kafka.id)) return
  throw new UsageError(
    '--stack compose needs an engine whose containers are processes of this machine, and this ' +
      'one runs them elsewhere (in a virtual machine, or at another DOCKER_HOST); ' +
      'use a Linux machine with Docker, or leave out --stack compose',
  )
}

function cgroupsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8')
  } catch {
    return ''
  }
}

async function removeConfigured(control: ToxiproxyControl): Promise<void> {
  for (const name of configured) {
    await control.removeLink({ name, hop: 'clients', listen: '', upstream: '' })
  }
}

async function versionsOf({ project, images }: Site, control: ToxiproxyControl) {
  const redis = ['exec', project.container('redis'), 'redis-server', '--version']
  const says = await project.engine.ask("ask for Redis' version", redis)
  return {
    kafka: images['kafka'] ?? 'unknown',
    redis: /v=(\S+)/.exec(says)?.[1] ?? 'unknown',
    toxiproxy: await control.version(),
    relay: images['relay'] ?? 'unknown',
    ...project.engine.versions,
  }
}

const moved = (service: string, from: string, to: string) =>
  new Trouble('server-gone', `${service} was at ${from} and came back at ${to}`, 'run again')

/** Starts containers that are gone. A server that came back keeps what it had on its volume. */
async function revive(
  project: Project,
  lookout: Lookout,
  relink: () => Promise<void>,
): Promise<readonly string[]> {
  const gone = [...lookout.gone.keys()]
  if (gone.length === 0) return []
  await up(project, gone)
  if (gone.includes('toxiproxy')) await relink()
  for (const role of gone) lookout.forget(role)
  return gone
}

/** Keeps the logs, then ends and removes everything; what that leaves is for `chaos heal`. */
async function tearDown({ given, project }: Site, strike: () => void): Promise<void> {
  await keepLogs(given.logFolder, project).catch(() => undefined)
  try {
    await project.down()
    strike()
  } catch (error) {
    if (!isTrouble(error, 'engine-failed')) throw error
    given.report(`${error.what}; clean up with: npm run chaos -- heal`)
  }
}

/** Of each server, enough to see why it failed. */
const logLines = 5_000

async function keepLogs(folder: string, project: Project): Promise<void> {
  const args = ['logs', '--no-color', '--timestamps', '--tail', `${logLines}`, ...roles]
  const text = await project.compose('show its logs', args)
  makeFolder(folder)
  writeFileSync(join(folder, 'compose.log'), text)
}
