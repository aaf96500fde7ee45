/**
 * The external stack: running servers at addresses that the user gives. Its Kafka must have a
 * listener whose advertised address is a proxy of the given Toxiproxy: otherwise the target would
 * bypass the proxy after the first metadata response, and every verdict about it would be void.
 */
import { z } from 'zod'
import { addressForm, readAddress, sayAddress } from '../../relay/tables/addresses.ts'
import type { Clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import { Trouble } from '../world/trouble.ts'
import { kafkaClient } from './kafka.ts'
import { openLookout, type Lookout, type Server } from './lookout.ts'
import type { Address } from './ways.ts'
import type { Link, Stack } from './stack.ts'
import { openToxiproxy, type ToxiproxyControl } from './toxiproxy.ts'

const isAddress = (text: string) => readAddress(text) !== undefined
const address = z.string().refine(isAddress, `must be ${addressForm}`)
/** Of its choice: port 0. */
const anyPort = z.string().refine((text) => isAddress(text.replace(/:0$/, ':1')), {
  error: `must be ${addressForm}, or 0 for any`,
})

/** What the user gives, as JSON. */
export const externalAddresses = z.strictObject({
  /** Brokers for the harness, never behind a proxy. */
  kafkaDirect: z.array(address).min(1),
  /** The proxied listener, as Toxiproxy listens for it, and what it leads to. */
  kafkaProxied: address,
  kafkaUpstream: address,
  redisDirect: address,
  redisProxied: address,
  /** http:// address of Toxiproxy's control API. */
  toxiproxy: z.url({ protocol: /^http$/ }),
  /** Where Toxiproxy listens for the proxies of clients: its own host, ports of its choice. */
  clientListen: anyPort.default('127.0.0.1:0'),
})
export type ExternalAddresses = z.infer<typeof externalAddresses>

const metadataLimitMs = 10_000

/**
 * Connects to running servers. Creates its own proxies for them, and removes those at the end.
 *
 * @throws Trouble `stack-bypassed` if the target would bypass the proxies; `kafka-failed`,
 * `toxiproxy-refused`, `toxiproxy-wedged`
 */
export async function joinExternalStack(clock: Clock, given: ExternalAddresses): Promise<Stack> {
  refuseShortcuts(given)
  const control = openToxiproxy(clock, given.toxiproxy)
  const version = await control.version()
  const links = new Map<string, Link>()
  const add = async (name: string, hop: Link['hop'], listen: Address, upstream: Address) => {
    const link = await control.createLink(name, hop, listen, upstream)
    links.set(name, link)
    return link
  }
  try {
    await add('kafka', 'kafka', given.kafkaProxied, given.kafkaUpstream)
    await add('redis', 'redis', given.redisProxied, given.redisDirect)
    await refuseBypass(clock, given)
  } catch (error) {
    await removeAll(control, links)
    throw error
  }
  const servers = serversOf(given)
  const lookout = openLookout(clock, () => servers)
  return {
    kafkaDirect: given.kafkaDirect,
    kafkaProxied: [given.kafkaProxied],
    redisDirect: `redis://${given.redisDirect}`,
    redisProxied: `redis://${given.redisProxied}`,
    toxiproxy: control.api,
    pids: {},
    versions: { toxiproxy: version },
    get links() {
      return [...links.values()]
    },
    addClientLink: (group, upstream) =>
      add(`clients-${group}`, 'clients', given.clientListen, upstream),
    async removeClientLinks() {
      for (const link of [...links.values()].filter(({ hop }) => hop === 'clients')) {
        await control.removeLink(link)
        links.delete(link.name)
      }
    },
    async recreateProxies() {
      for (const link of links.values()) {
        await control.removeLink(link)
        await control.createLink(link.name, link.hop, link.listen, link.upstream)
      }
    },
    // Others may use this Redis too.
    emptyRedis: () => Promise.resolve(),
    watch: (see) => lookout.watch(see),
    revive: () => refuseGone(lookout),
    stop: () => removeAll(control, links),
  }
}

const serversOf = (given: ExternalAddresses): Server[] => [
  ...given.kafkaDirect.map((at) => ({ role: 'kafka', address: at }) as const),
  { role: 'redis', address: given.redisDirect },
  { role: 'toxiproxy', address: portedHost(new URL(given.toxiproxy)) },
]

const portedHost = ({ hostname, port }: URL) => `${hostname}:${port === '' ? '80' : port}`

/** The harness does not start servers of others: one is back by now, or the run cannot go on. */
async function refuseGone(lookout: Lookout): Promise<readonly string[]> {
  for (const role of lookout.gone.keys()) lookout.forget(role)
  for (let asked = 0; asked < 2; asked += 1) await lookout.ask()
  const [gone] = lookout.gone.values()
  if (gone === undefined) return []
  throw new Trouble('server-gone', gone.says(), 'start it, then run again')
}

async function removeAll(control: ToxiproxyControl, links: Map<string, Link>): Promise<void> {
  for (const link of links.values()) await control.removeLink(link).catch(() => undefined)
  links.clear()
}

/** A proxied address that is a direct one breaks nothing at all. */
function refuseShortcuts(given: ExternalAddresses): void {
  if (given.kafkaDirect.includes(given.kafkaProxied)) {
    throw bypassed('kafkaProxied', given.kafkaProxied, 'is one of the direct brokers')
  }
  if (given.redisDirect === given.redisProxied) {
    throw bypassed('redisProxied', given.redisProxied, 'is the direct address')
  }
}

/** Asks through the proxy where the brokers are: every answer must lead through it again. */
async function refuseBypass(clock: Clock, given: ExternalAddresses): Promise<void> {
  const admin = kafkaClient('bypass-check', [given.kafkaProxied]).admin()
  try {
    const what = `Kafka at ${given.kafkaProxied}, asked where its brokers are,`
    const { brokers } = await withDeadline(clock, metadataLimitMs, what, async () => {
      await admin.connect()
      return admin.describeCluster()
    })
    const advertised = brokers.map(sayAddress)
    const astray = advertised.filter((one) => one !== given.kafkaProxied)
    if (astray.length === 0) return
    throw bypassed('kafkaProxied', given.kafkaProxied, `advertises ${astray.join(', ')}`)
  } catch (error) {
    if (error instanceof Trouble) throw error
    const where = `Kafka through the proxy ${given.kafkaProxied}`
    const todo = 'check kafkaProxied and kafkaUpstream, as seen from the host of Toxiproxy'
    throw new Trouble('kafka-failed', `${where}: ${(error as Error).message}`, todo, error)
  } finally {
    await withDeadline(clock, 2_000, 'closing', () => admin.disconnect()).catch(() => undefined)
  }
}

function bypassed(key: string, wanted: Address, found: string): Trouble {
  return new Trouble(
    'stack-bypassed',
    `the target would bypass the proxy: ${key} is ${wanted}, and it ${found}`,
    `give Kafka a listener whose advertised address is the proxy's, and name it in ${key}`,
  )
}
