/**
 * The stack: the servers of one run, and the proxies between them and the target. Whatever its kind
 * (see the registry), one interface to it.
 */
import type { Hop, Address } from './ways.ts'
import type { GoneServer } from './lookout.ts'

/** A proxy of one hop. Its addresses are fixed for the life of the run. */
export interface Link {
  /** `kafka`, `redis`, or `clients-<group>`. */
  readonly name: string
  readonly hop: Hop
  /** Where the downstream side connects. */
  readonly listen: Address
  readonly upstream: Address
}

/** A Redis that another one has taken the place of. */
export interface DemotedRedis {
  /** How many connections of clients stayed with it. */
  readonly connectionsStayed: number
  /** How many of them are left. */
  connections(): Promise<number>
  /** Ends it: nothing but the new one is left. */
  end(): Promise<void>
}

/** A relay that the stack runs itself, of an image: one container, created again with settings. */
export interface RelayService {
  /** Where it listens, in its container. */
  readonly port: number
  /** Replaces the container by one with these variables, which does not run yet. */
  create(environment: Readonly<Record<string, string>>): Promise<void>
  /** What starts the container and stays as long as it runs, with its output and exit code. */
  readonly runs: {
    readonly command: string
    readonly args: readonly string[]
    readonly variables: Readonly<Record<string, string>>
  }
  see(): Promise<{
    readonly pid: number
    readonly address: Address
    readonly isRunning: boolean
    readonly wasOutOfMemory: boolean
  }>
  signal(signal: NodeJS.Signals): Promise<void>
}

export interface Stack {
  /** For the harness itself: never behind a proxy. */
  readonly kafkaDirect: readonly Address[]
  /** For the relay: advertised address is the proxy, so that no fault can be bypassed. */
  readonly kafkaProxied: readonly Address[]
  /** redis:// URLs, direct and through the proxy. */
  readonly redisDirect: string
  readonly redisProxied: string
  /** http:// address of Toxiproxy's control API. */
  readonly toxiproxy: string
  /** Process ids by role (`kafka`, `redis`, `toxiproxy`), where they are ours to measure. */
  readonly pids: Readonly<Record<string, number>>
  /** Versions as the servers themselves report them. */
  readonly versions: Readonly<Record<string, string>>
  /** Adds a proxy for a group of clients; `upstream` is the relay's own address. */
  addClientLink(group: string, upstream: Address): Promise<Link>
  /** Removes the client proxies again, for the next scenario on this stack. */
  removeClientLinks(): Promise<void>
  readonly links: readonly Link[]
  /**
   * After Toxiproxy's control API got stuck: creates all links again, on the same addresses,
   * without toxics. Connections through them are cut.
   */
  recreateProxies(): Promise<void>
  /**
   * Removes what earlier runs left in a Redis that the harness started: a relay that scans all keys
   * gets slower with each run, and a full Redis evicts what the next run needs.
   */
  emptyRedis(): Promise<void>
  /**
   * Another Redis replaces the one at `redisDirect`: new connections reach it, open ones stay with
   * the old one, which no longer accepts writes. Only for a Redis that the harness started.
   *
   * @throws Error with the cause; the old one is then back in its place
   */
  readonly failOverRedis?: () => Promise<DemotedRedis>
  /** Where the stack runs the relay too. */
  readonly relayService?: RelayService
  /** Reports every server that is or was gone, until the returned function is called. */
  watch(see: (gone: GoneServer) => void): () => void
  /**
   * Restarts servers that are gone, empty, on the same addresses; returns which.
   *
   * @throws Trouble `server-gone` for a server that the harness did not start
   */
  revive(): Promise<readonly string[]>
  /** Ends everything that this stack started; idempotent, bounded, never throws. */
  stop(): Promise<void>
}
