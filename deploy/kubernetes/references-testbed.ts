/** What manifests refer to must be there: names, keys, labels, ports. */
import {
  containersOf,
  dataOf,
  find,
  type Labels,
  type Manifest,
  nameOf,
  type NetworkRule,
  type Pod,
  podsOf,
  type Probe,
  type Selector,
  selects,
} from './manifest-testbed.ts'

/** What is wrong with references, one sentence each. */
export const referenceProblems = (all: readonly Manifest[]): string[] => [
  ...podsOf(all).flatMap((pod) => [...missingSources(all, pod), ...missingVolumes(all, pod)]),
  ...all.flatMap((one) => [...selectorProblems(all, one), ...targetProblems(all, one)]),
  ...podsOf(all).flatMap(probeProblems),
  ...all.flatMap((one) => networkProblems(all, one)),
]

function missingSources(all: readonly Manifest[], pod: Pod): string[] {
  return containersOf(pod).flatMap((container) => {
    const whole = (container.envFrom ?? []).flatMap(({ configMapRef, secretRef }) => [
      ...missing(all, pod, 'ConfigMap', configMapRef),
      ...missing(all, pod, 'Secret', secretRef),
    ])
    const keys = (container.env ?? []).flatMap(({ valueFrom }) => [
      ...missing(all, pod, 'ConfigMap', valueFrom?.configMapKeyRef),
      ...missing(all, pod, 'Secret', valueFrom?.secretKeyRef),
    ])
    return [...whole, ...keys]
  })
}

interface Wanted {
  readonly name: string
  readonly key?: string
  readonly optional?: boolean
}

function missing(
  all: readonly Manifest[],
  pod: Pod,
  kind: string,
  wanted: Wanted | undefined,
): string[] {
  if (wanted === undefined || wanted.optional === true) return []
  const found = find(all, kind, wanted.name)
  if (found === undefined) return [`${pod.says}: there is no ${kind}/${wanted.name}`]
  if (wanted.key === undefined || wanted.key in dataOf(found)) return []
  return [`${pod.says}: ${kind}/${wanted.name} has no key ${wanted.key}`]
}

function missingVolumes(all: readonly Manifest[], pod: Pod): string[] {
  const volumes = pod.spec.volumes ?? []
  const sources = volumes.flatMap(({ secret, configMap, persistentVolumeClaim: claim }) => [
    ...missing(all, pod, 'Secret', secret && { ...secret, name: secret.secretName }),
    ...missing(all, pod, 'ConfigMap', configMap),
    ...missing(all, pod, 'PersistentVolumeClaim', claim && { name: claim.claimName }),
  ])
  const names = new Set(volumes.map(({ name }) => name))
  const mounts = containersOf(pod).flatMap(({ volumeMounts = [] }) => volumeMounts)
  const without = mounts.filter(({ name }) => !names.has(name))
  const mounted = new Set(mounts.map(({ name }) => name))
  const idle = [...names].filter((name) => !mounted.has(name))
  return [
    ...sources,
    ...without.map(({ name }) => `${pod.says}: mounts ${name}, which is no volume`),
    ...idle.map((name) => `${pod.says}: nothing mounts the volume ${name}`),
  ]
}

/** A selector that selects nothing does nothing, silently. */
function selectorProblems(all: readonly Manifest[], one: Manifest): string[] {
  const selector = selectorOf(one)
  if (selector === undefined) return []
  const own = one.spec?.template?.metadata?.labels
  if (own !== undefined) {
    return selects(selector, own) ? [] : [`${nameOf(one)}: does not select its own pods`]
  }
  const candidates = one.kind === 'ServiceMonitor' ? labelsOfServices(all) : labelsOfPods(all)
  const isFound = candidates.some((labels) => selects(selector, labels))
  return isFound ? [] : [`${nameOf(one)}: selects nothing`]
}

function selectorOf({ kind, spec }: Manifest): Selector | undefined {
  if (kind === 'NetworkPolicy') return spec?.podSelector
  if (kind === 'Service') return { matchLabels: spec?.selector as Labels }
  return spec?.selector
}

const labelsOfPods = (all: readonly Manifest[]) => podsOf(all).map(({ labels }) => labels)
const labelsOfServices = (all: readonly Manifest[]) =>
  all.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata.labels ?? {})

function targetProblems(all: readonly Manifest[], one: Manifest): string[] {
  const { kind, spec } = one
  const says = nameOf(one)
  if (kind === 'Service') return servicePorts(all, one)
  if (kind === 'StatefulSet') {
    const service = find(all, 'Service', spec?.serviceName ?? '')
    return service?.spec?.clusterIP === 'None'
      ? []
      : [`${says}: serviceName ${spec?.serviceName} is no headless Service`]
  }
  if (kind === 'ServiceMonitor') return monitorProblems(all, one)
  if (kind === 'HorizontalPodAutoscaler') {
    const { kind: wanted = '', name = '' } = spec?.scaleTargetRef ?? {}
    const target = find(all, wanted, name)
    if (target === undefined) return [`${says}: there is no ${wanted}/${name}`]
    const isFixed = target.spec?.replicas !== undefined
    return isFixed ? [`${says}: ${wanted}/${name} sets replicas itself`] : []
  }
  if (kind !== 'Ingress') return []
  const backends = (spec?.rules ?? []).flatMap(({ http }) => http.paths.map((path) => path.backend))
  return backends.flatMap(({ service }) => {
    const ports = find(all, 'Service', service.name)?.spec?.ports ?? []
    const isThere = ports.some(({ name }) => name === service.port.name)
    return isThere ? [] : [`${says}: Service/${service.name} has no port ${service.port.name}`]
  })
}

function servicePorts(all: readonly Manifest[], service: Manifest): string[] {
  const selector = { matchLabels: service.spec?.selector as Labels }
  const pods = podsOf(all).filter(({ labels }) => selects(selector, labels))
  return (service.spec?.ports ?? []).flatMap(({ port, targetPort = port }) =>
    pods
      .filter((pod) => !hasPort(pod, targetPort))
      .map((pod) => `${nameOf(service)}: ${pod.says} has no port ${targetPort}`),
  )
}

function monitorProblems(all: readonly Manifest[], monitor: Manifest): string[] {
  const selector = monitor.spec?.selector as Selector
  const services = all.filter(
    ({ kind, metadata }) => kind === 'Service' && selects(selector, metadata.labels ?? {}),
  )
  if (services.length > 1) return [`${nameOf(monitor)}: would scrape every pod more than once`]
  const names = new Set(services.flatMap(({ spec }) => spec?.ports ?? []).map(({ name }) => name))
  return (monitor.spec?.endpoints ?? [])
    .filter(({ port }) => !names.has(port))
    .map(({ port }) => `${nameOf(monitor)}: its Service has no port ${port}`)
}

const hasPort = (pod: Pod, port: string | number) =>
  pod.spec.containers.some(({ ports = [] }) =>
    ports.some(({ name, containerPort }) => port === name || port === containerPort),
  )

function probeProblems(pod: Pod): string[] {
  return containersOf(pod).flatMap(({ livenessProbe, readinessProbe, startupProbe }) =>
    [livenessProbe, readinessProbe, startupProbe].flatMap((probe: Probe | undefined) => {
      const port = probe?.httpGet?.port ?? probe?.tcpSocket?.port
      if (port === undefined || hasPort(pod, port)) return []
      return [`${pod.says}: a probe asks port ${port}, which it has not`]
    }),
  )
}

/** Ports that are named must be known to the pods that they are ports of. */
function networkProblems(all: readonly Manifest[], policy: Manifest): string[] {
  if (policy.kind !== 'NetworkPolicy') return []
  const { podSelector = {}, ingress = [], egress = [] } = policy.spec ?? {}
  const own = podsOf(all).filter(({ labels }) => selects(podSelector, labels))
  const others = (rule: NetworkRule) =>
    podsOf(all).filter(({ labels }) =>
      (rule.to ?? []).some((peer) => peer.podSelector && selects(peer.podSelector, labels)),
    )
  const unknown = (pods: readonly Pod[], { ports = [] }: NetworkRule) =>
    ports
      .filter(({ port }) => typeof port === 'string' && !pods.some((pod) => hasPort(pod, port)))
      .map(({ port }) => `${nameOf(policy)}: no pod that it is about has a port ${port}`)
  return [
    ...ingress.flatMap((rule) => unknown(own, rule)),
    ...egress.flatMap((rule) => unknown(others(rule), rule)),
  ]
}
