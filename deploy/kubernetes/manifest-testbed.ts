/** The parts of Kubernetes' objects that our checks look at, and how they refer to one another. */

export type Labels = Readonly<Record<string, string>>

export interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number }
  readonly tcpSocket?: { readonly port: string | number }
}
interface KeyRef {
  readonly name: string
  readonly key: string
  readonly optional?: boolean
}
interface NameRef {
  readonly name: string
  readonly optional?: boolean
}
export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly configMapKeyRef?: KeyRef
    readonly secretKeyRef?: KeyRef
    readonly fieldRef?: { readonly fieldPath: string }
  }
}
export interface Container {
  readonly name: string
  readonly image?: string
  readonly args?: readonly string[]
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[]
  readonly env?: readonly EnvVar[]
  readonly envFrom?: readonly { readonly configMapRef?: NameRef; readonly secretRef?: NameRef }[]
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly startupProbe?: Probe
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } }
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string | number>>
    readonly limits?: Readonly<Record<string, string | number>>
  }
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean
    readonly readOnlyRootFilesystem?: boolean
    readonly capabilities?: { readonly drop?: readonly string[] }
  }
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
}
export interface Volume {
  readonly name: string
  readonly emptyDir?: object
  readonly secret?: { readonly secretName: string; readonly optional?: boolean }
  readonly configMap?: NameRef
  readonly persistentVolumeClaim?: { readonly claimName: string }
}
export interface PodSpec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes?: readonly Volume[]
  readonly enableServiceLinks?: boolean
  readonly automountServiceAccountToken?: boolean
  readonly terminationGracePeriodSeconds?: number
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean
    readonly runAsUser?: number
    readonly seccompProfile?: { readonly type: string }
  }
}
interface Template {
  readonly metadata?: { readonly labels?: Labels }
  readonly spec: PodSpec
}
export interface Selector {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}
export interface Peer {
  readonly podSelector?: Selector
  readonly namespaceSelector?: Selector
}
export interface NetworkRule {
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly ports?: readonly { readonly port?: string | number }[]
}
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Labels
  }
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: {
    readonly template?: Template
    readonly jobTemplate?: { readonly spec: { readonly template: Template } }
    readonly replicas?: number
    readonly serviceName?: string
    readonly clusterIP?: string
    /** Labels alone in a Service. */
    readonly selector?: Selector | Labels
    readonly podSelector?: Selector
    readonly ports?: readonly {
      readonly name?: string
      readonly port: number
      readonly targetPort?: string | number
    }[]
    readonly ingress?: readonly NetworkRule[]
    readonly egress?: readonly NetworkRule[]
    readonly endpoints?: readonly {
      readonly port?: string
      readonly path?: string
      readonly relabelings?: readonly {
        readonly targetLabel: string
        readonly replacement: string
      }[]
    }[]
    readonly scaleTargetRef?: { readonly kind: string; readonly name: string }
    readonly metrics?: readonly {
      readonly type: string
      readonly pods?: {
        readonly metric: { readonly name: string }
        readonly target: { readonly averageValue?: string }
      }
    }[]
    readonly rules?: readonly {
      readonly host?: string
      readonly http: {
        readonly paths: readonly {
          readonly path: string
          readonly backend: {
            readonly service: { readonly name: string; readonly port: { readonly name?: string } }
          }
        }[]
      }
    }[]
    readonly maxUnavailable?: number | string
    readonly minAvailable?: number | string
  }
}

/** A pod as it is described by what makes it. */
export interface Pod {
  /** `StatefulSet/relay` */
  readonly says: string
  readonly labels: Labels
  readonly spec: PodSpec
}

export const nameOf = ({ kind, metadata }: Manifest) => `${kind}/${metadata.name}`

export function podsOf(manifests: readonly Manifest[]): Pod[] {
  return manifests.flatMap((one) => {
    const template = one.spec?.template ?? one.spec?.jobTemplate?.spec.template
    if (template === undefined) return []
    return [{ says: nameOf(one), labels: template.metadata?.labels ?? {}, spec: template.spec }]
  })
}

export const containersOf = ({ spec }: Pod): Container[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
]

export const find = (manifests: readonly Manifest[], kind: string, name: string) =>
  manifests.find((one) => one.kind === kind && one.metadata.name === name)

/** Whether labels are selected. An empty selector selects all. */
export function selects(selector: Selector, labels: Labels): boolean {
  const byLabels = Object.entries(selector.matchLabels ?? {})
  return (
    byLabels.every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      if (operator !== 'In') throw new Error(`the operator ${operator} is not known here`)
      return values.includes(labels[key] ?? '')
    })
  )
}

/** A variable of a container, and what it comes from. */
export interface Variable {
  readonly value: string
  readonly from: 'Secret' | 'ConfigMap' | 'manifest'
}

/** What a container gets: later sources win, as Kubernetes has it; `$(NAME)` is filled in. */
export function variablesOf(
  manifests: readonly Manifest[],
  container: Container,
  podName: string,
): Map<string, Variable> {
  const variables = new Map<string, Variable>()
  for (const { configMapRef, secretRef } of container.envFrom ?? []) {
    const [from, name] = configMapRef
      ? (['ConfigMap', configMapRef.name] as const)
      : (['Secret', secretRef?.name ?? ''] as const)
    const data = dataOf(find(manifests, from, name))
    for (const [key, value] of Object.entries(data)) variables.set(key, { value, from })
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const filled = (value ?? '').replaceAll(/\$\((\w+)\)/g, (_, other: string) => {
      return variables.get(other)?.value ?? `$(${other})`
    })
    const isPodName = valueFrom?.fieldRef?.fieldPath === 'metadata.name'
    variables.set(name, { value: isPodName ? podName : filled, from: 'manifest' })
  }
  return variables
}

/** Of a ConfigMap as it stands, of a Secret decoded. */
export function dataOf(manifest: Manifest | undefined): Record<string, string> {
  const isSecret = manifest?.kind === 'Secret'
  const read = (value: string) => (isSecret ? Buffer.from(value, 'base64').toString() : value)
  const entries = Object.entries(manifest?.data ?? {})
  return Object.fromEntries(entries.map(([key, value]) => [key, read(value)]))
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
}

/** `1Gi` in bytes, `500m` in CPUs. */
export function quantityOf(text: string | number): number {
  const [, digits, unit = ''] = /^([\d.]+)([A-Za-z]*)$/.exec(String(text)) ?? []
  const factor = units[unit]
  if (digits === undefined || factor === undefined) throw new Error(`not a quantity: ${text}`)
  return Number(digits) * factor
}
