/** What the manifests say of the relay, held against what the relay says of itself. */
import { dirname } from 'node:path'
import { metricRows } from '../../relay/tables/metrics.ts'
import { shareRows } from '../../relay/tables/memory-shares.ts'
import { secretRows } from '../../relay/tables/secrets.ts'
import { MiB, KiB } from '../../relay/tables/setting-row.ts'
import { parseSettings } from '../../relay/tables/settings-parse.ts'
import { settingRows, type Settings } from '../../relay/tables/settings.ts'
import { stopMsMax } from '../../relay/tables/shutdown.ts'
import {
  type Container,
  containersOf,
  dataOf,
  find,
  type Manifest,
  type Pod,
  podsOf,
  quantityOf,
  type Variable,
  variablesOf,
} from './manifest-testbed.ts'

/** What the relay needs when its budget is empty: measured 174 MiB, see the README's run. */
const runtimeBytes = 200 * MiB
/** Of an idle connection: measured 1 to 8 KiB. */
const connectionBytes = 8 * KiB
/** For what the kernel buffers for sockets counts too, and for what is freed a little later. */
const spareShare = 1.2
/** Between the relay's own end and SIGKILL. */
const spareMs = 5_000
/** Share of its connections that a replica may have: the rest is for those of one that goes. */
const clientsShareMax = 0.7
/** Variables that are no settings: of Kubernetes, to make the group's name of. */
const notSettings = new Set(['POD_NAME'])

interface Relay {
  readonly pod: Pod
  readonly container: Container
  readonly variables: ReadonlyMap<string, Variable>
  readonly settings: Settings
}

/**
 * What is wrong, one sentence each.
 *
 * @param expected a warning of the relay that is no mistake
 */
export function relayProblems(all: readonly Manifest[], expected?: RegExp): string[] {
  const relays = podsOf(all).flatMap((pod) => relaysOf(all, pod, expected))
  const problems = relays.flatMap((relay) =>
    typeof relay === 'string' ? [relay] : problemsOf(all, relay),
  )
  return [...(relays.length === 0 ? ['there is no relay'] : problems), ...kafkaProblems(all)]
}

const isRelay = ({ image = '' }: Container) => /^dashstream\/relay(?::|$)/.test(image)

function relaysOf(all: readonly Manifest[], pod: Pod, expected?: RegExp): (Relay | string)[] {
  return pod.spec.containers.filter(isRelay).flatMap((container): (Relay | string)[] => {
    const variables = variablesOf(all, container, 'relay-0')
    const written = [...variables].map(([name, { value }]) => [name, value] as const)
    const parsed = parseSettings(Object.fromEntries(written))
    if (!parsed.ok) return [...parsed.problems]
    const warnings = parsed.warnings.filter((warning) => expected?.test(warning) !== true)
    return [...warnings, { pod, container, variables, settings: parsed.settings }]
  })
}

const problemsOf = (all: readonly Manifest[], relay: Relay): string[] => [
  ...nameProblems(relay),
  ...groupProblems(all, relay),
  ...networkProblems(all, relay),
  ...endProblems(relay),
  ...memoryProblems(relay),
  ...stateProblems(relay),
  ...scalingProblems(all, relay),
  ...scrapeProblems(all),
]

const rule = (isKept: boolean, problem: string) => (isKept ? [] : [problem])

function nameProblems({ variables }: Relay): string[] {
  const known = new Set(Object.values(settingRows).map(({ env }) => env))
  const secret = new Set(secretRows.map(({ env }) => env))
  return [...variables].flatMap(([name, { from, value }]) => [
    ...rule(known.has(name) || notSettings.has(name), `${name} is no setting of the relay`),
    ...rule(!secret.has(name) || from === 'Secret' || value === '', `${name} is in no Secret`),
  ])
}

/** In one group, each replica would read a part of the topic; what they replay must be the same. */
function groupProblems(all: readonly Manifest[], { container, settings }: Relay): string[] {
  const another = variablesOf(all, container, 'relay-1')
  const { kafkaGroupId, replayGroupId } = settings
  const isShared =
    replayGroupId !== '' && another.get('REPLAY_GROUP_ID')?.value === replayGroupId
  return [
    ...rule(
      another.get('KAFKA_GROUP_ID')?.value !== kafkaGroupId,
      'two replicas would have one group',
    ),
    ...rule(isShared, 'two replicas would not share the replay buffer'),
  ]
}

function networkProblems(all: readonly Manifest[], { container, settings }: Relay): string[] {
  const ports = (container.ports ?? []).map(({ containerPort }) => containerPort)
  const ingresses = all.filter(({ kind }) => kind === 'Ingress')
  const hosts = ingresses.flatMap(({ spec }) => spec?.rules ?? []).map(({ host }) => host ?? '*')
  const names = ['relay', ...hosts]
  const { livenessProbe, readinessProbe, startupProbe } = container
  return [
    ...rule(ports.includes(settings.port), `it listens on ${settings.port}, no port of its pod`),
    ...rule(settings.host === '0.0.0.0' || settings.host === '::', 'no other pod can reach it'),
    ...names
      .filter((name) => !settings.allowedHosts.includes(name))
      .map((name) => `clients that call it ${name} get 421`),
    ...rule(livenessProbe?.httpGet?.path === '/livez', 'liveness is /livez'),
    ...rule(startupProbe?.httpGet?.path === '/livez', 'that it has started is /livez'),
    ...rule(readinessProbe?.httpGet?.path === '/readyz', 'readiness is /readyz'),
  ]
}

function endProblems({ pod, container }: Relay): string[] {
  const preStopMs = (container.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1_000
  const graceMs = (pod.spec.terminationGracePeriodSeconds ?? 0) * 1_000
  const wantedMs = preStopMs + stopMsMax + spareMs
  return [
    ...rule(preStopMs > 0, 'its clients come back to it while it ends'),
    ...rule(graceMs >= wantedMs, `it is killed after ${graceMs} ms; it may take ${wantedMs} ms`),
  ]
}

/** What the relay may need at most by its settings. */
export function memoryNeeded(settings: Settings): number {
  const limits = Object.values(shareRows).map(({ limit }) => settings[limit])
  const shares = limits.reduce((sum, bytes) => sum + bytes, 0)
  const budget = settings.memoryBytesMax === 0 ? shares : Math.min(shares, settings.memoryBytesMax)
  return (runtimeBytes + budget + settings.connectionsMax * connectionBytes) * spareShare
}

function memoryProblems({ container, settings }: Relay): string[] {
  const limit = quantityOf(container.resources?.limits?.['memory'] ?? 0)
  const wanted = memoryNeeded(settings)
  const inMiB = (bytes: number) => `${Math.ceil(bytes / MiB)} MiB`
  const says = `by its settings it may need ${inMiB(wanted)}, and is killed at ${inMiB(limit)}`
  return rule(limit >= wanted, says)
}

function stateProblems({ pod, container, settings }: Relay): string[] {
  const folder = dirname(settings.expectedSchemasFile)
  const volumes = new Set((pod.spec.volumes ?? []).filter((one) => one.emptyDir).map((v) => v.name))
  const isWritable = (container.volumeMounts ?? []).some(
    ({ name, mountPath }) => mountPath === folder && volumes.has(name),
  )
  return rule(isWritable, `it cannot keep schemas in ${folder}`)
}

/** The metric must be the relay's, and the target below what a replica accepts. */
function scalingProblems(all: readonly Manifest[], { settings }: Relay): string[] {
  const scalers = all.filter(({ kind }) => kind === 'HorizontalPodAutoscaler')
  const metrics = scalers.flatMap(({ spec }) => spec?.metrics ?? [])
  const names = new Set<string>(Object.values(metricRows).map(({ name }) => name))
  return metrics.flatMap(({ type, pods }) => {
    const name = pods?.metric.name ?? ''
    const target = quantityOf(pods?.target.averageValue ?? 0)
    const isBelow = target > 0 && target <= settings.connectionsMax * clientsShareMax
    return [
      ...rule(type === 'Pods', `${type}: what all replicas do alike is no measure of their number`),
      ...rule(names.has(name), `the relay has no metric ${name}`),
      ...rule(isBelow, `a replica may have ${settings.connectionsMax} clients; ${target} is asked`),
    ]
  })
}

function scrapeProblems(all: readonly Manifest[]): string[] {
  const monitors = all.filter(({ kind }) => kind === 'ServiceMonitor')
  const endpoints = monitors.flatMap(({ spec }) => spec?.endpoints ?? [])
  return endpoints.flatMap(({ path, relabelings = [] }) => {
    const labels = Object.fromEntries(relabelings.map((one) => [one.targetLabel, one.replacement]))
    return [
      ...rule(path === '/metrics', `the relay has no metrics at ${path}`),
      ...rule(labels['component'] === 'websocket-server', 'rules look for another component'),
      ...rule(labels['service'] === 'dashstream', 'rules look for another service'),
    ]
  })
}

/** Whoever talks to Kafka does so as the Secret says, and can read the files that it names. */
function kafkaProblems(all: readonly Manifest[]): string[] {
  return podsOf(all).flatMap((pod) =>
    containersOf(pod).flatMap((container) => {
      const variables = variablesOf(all, container, 'pod-0')
      if (!variables.has('KAFKA_BROKERS')) return []
      const protocol = variables.get('KAFKA_SECURITY_PROTOCOL')
      const says = `${pod.says}: `
      return [
        ...rule(protocol?.from === 'Secret', `${says}does not know how Kafka is secured`),
        ...filesOf(variables)
          .filter(([, path]) => !isMounted(all, pod, container, path))
          .map(([name, path]) => `${says}${name} is ${path}, which no volume has`),
      ]
    }),
  )
}

const filesOf = (variables: ReadonlyMap<string, Variable>) =>
  [...variables].flatMap(([name, { value }]) =>
    /^KAFKA_SSL_.*_LOCATION$/.test(name) && value !== '' ? [[name, value] as const] : [],
  )

function isMounted(all: readonly Manifest[], pod: Pod, container: Container, path: string) {
  const mount = container.volumeMounts?.find(({ mountPath }) => mountPath === dirname(path))
  const volume = pod.spec.volumes?.find(({ name }) => name === mount?.name)
  const secret = find(all, 'Secret', volume?.secret?.secretName ?? '')
  return path.slice(dirname(path).length + 1) in dataOf(secret)
}
