/**
 * Each check of the manifests sees what it is for: one mistake is made in the rendered manifests of
 * production, and exactly that is reported.
 */
import { beforeAll, expect, it } from 'vitest'
import { repoRoot } from '../../harness/world/places.ts'
import { type Manifest, nameOf } from './manifest-testbed.ts'
import { podProblems } from './pods-testbed.ts'
import { referenceProblems } from './references-testbed.ts'
import { relayProblems } from './relay-testbed.ts'
import { render } from './rendered-testbed.ts'
import { fieldProblems, schemaProblems } from './schema-testbed.ts'

let production: readonly Manifest[]
let load: readonly Manifest[]
beforeAll(async () => {
  const rendered = await render(['overlays/production', 'load'])
  production = rendered['overlays/production'] ?? []
  load = rendered['load'] ?? []
}, 9 * 60_000)

type Tree = Record<string, unknown>

/**
 * A copy with one value replaced, or removed where it is undefined.
 *
 * @param name kind and name, without the hash that kustomize adds
 * @param path keys and places, with `/`; what is not there is made
 */
function broken(all: readonly Manifest[], name: string, path: string, value?: unknown) {
  const copy = structuredClone(all) as Manifest[]
  const one = copy.find((each) => nameOf(each).replace(/-[a-z0-9]{10}$/, '') === name)
  if (one === undefined) throw new Error(`there is no ${name}`)
  const keys = path.split('/').map((key) => key.replaceAll('~', '/'))
  const last = keys.pop() as string
  const place = keys.reduce((tree, key) => (tree[key] ??= {}) as Tree, one as unknown as Tree)
  if (value === undefined) delete place[last]
  else place[last] = value
  return copy
}

const relay = 'StatefulSet/relay'
const pod = 'spec/template/spec'
const container = `${pod}/containers/0`
const secret = (text: string) => Buffer.from(text).toString('base64')
const nightly = 'spec/jobTemplate/spec/template/spec'

it.each([
  ['a Secret that is missing', relay, `${container}/envFrom/1/secretRef/name`, 'no', 'Secret/no'],
  ['a key that is missing', relay, `${container}/env/0/valueFrom`,
    { secretKeyRef: { name: 'no', key: 'x' } }, 'no Secret/no'],
  ['a volume of no source', relay, `${pod}/volumes/0/configMap`, { name: 'no' }, 'no ConfigMap/no'],
  ['a mount of no volume', relay, `${container}/volumeMounts/0/name`, 'no', 'mounts no'],
  ['a volume that nothing mounts', relay, `${container}/volumeMounts`, [], 'nothing mounts'],
  ['a claim that is missing', 'CronJob/nightly', `${nightly}/volumes/0/persistentVolumeClaim`,
    { claimName: 'no' }, 'no PersistentVolumeClaim/no'],
  ['pods of other labels', relay, 'spec/template/metadata/labels', {}, 'not select its own'],
  ['a Service of nothing', 'Service/relay', 'spec/selector', { a: 'b' }, 'selects nothing'],
  ['a budget of nothing', 'PodDisruptionBudget/relay', 'spec/selector/matchLabels', { a: 'b' },
    'selects nothing'],
  ['a policy of nothing', 'NetworkPolicy/to-servers', 'spec/podSelector/matchLabels', { a: 'b' },
    'selects nothing'],
  ['a port that is not there', 'Service/relay', 'spec/ports/0/targetPort', 'ws', 'no port ws'],
  ['a probe of another port', relay, `${container}/livenessProbe/httpGet/port`, 'ws', 'port ws'],
  ['a policy for another port', 'NetworkPolicy/relay-clients', 'spec/ingress/0/ports/0/port', 'ws',
    'has a port ws'],
  ['an ingress to another port', 'Ingress/relay',
    'spec/rules/0/http/paths/0/backend/service/port/name', 'ws', 'no port ws'],
  ['a scrape of another port', 'ServiceMonitor/relay', 'spec/endpoints/0/port', 'ws', 'no port ws'],
  ['pods that are scraped twice', 'Service/relay-pods', 'metadata/labels',
    { 'dashstream/scraped': 'true' }, 'more than once'],
  ['pods without names', relay, 'spec/serviceName', 'relay', 'no headless Service'],
  ['an autoscaler of nothing', 'HorizontalPodAutoscaler/relay', 'spec/scaleTargetRef/name', 'no',
    'no StatefulSet/no'],
  ['two that decide on replicas', relay, 'spec/replicas', 2, 'sets replicas itself'],
])('references: %s', (_, name, path, value, says) => {
  expect(referenceProblems(broken(production, name, path, value)).join('; ')).toContain(says)
})

it('references: a key that its Secret does not have', () => {
  const named = broken(production, 'Secret/kafka', 'metadata/name', 'kafka')
  const ref = { secretKeyRef: { name: 'kafka', key: 'no' } }
  const changed = broken(named, relay, `${container}/env/0/valueFrom`, ref)
  expect(referenceProblems(changed).join('; ')).toContain('Secret/kafka has no key no')
})

it.each([
  ['links to Services', `${pod}/enableServiceLinks`, undefined, 'look like settings'],
  ['a token', `${pod}/automountServiceAccountToken`, undefined, 'token of the cluster'],
  ['root', `${pod}/securityContext/runAsNonRoot`, undefined, 'as root'],
  ['no user', `${pod}/securityContext/runAsUser`, 0, 'no user'],
  ['no seccomp', `${pod}/securityContext/seccompProfile`, undefined, 'seccomp'],
  ['a moving tag', `${container}/image`, 'dashstream/relay:latest', 'no fixed tag'],
  ['no tag', `${container}/image`, 'dashstream/relay', 'no fixed tag'],
  ['a writable root', `${container}/securityContext/readOnlyRootFilesystem`, false, 'own image'],
  ['privileges', `${container}/securityContext/allowPrivilegeEscalation`, undefined, 'privileges'],
  ['capabilities', `${container}/securityContext/capabilities`, undefined, 'capabilities'],
  ['no bound', `${container}/resources/limits`, undefined, 'no limit of memory'],
  ['no CPU', `${container}/resources/requests/cpu`, undefined, 'no CPU'],
  ['less memory than it may use', `${container}/resources/requests/memory`, '1Mi', 'not ask for'],
  ['nowhere to write', `${pod}/volumes/0/emptyDir`, undefined, 'cannot write /var/lib/dashstream'],
])('pods: %s', (_, path, value, says) => {
  expect(podProblems(broken(production, relay, path, value)).join('; ')).toContain(says)
})

const settings = 'ConfigMap/relay-settings'
it.each([
  ['no relay', relay, `${container}/image`, 'other:1', 'no relay'],
  ['an unknown setting', settings, 'data/KAFKA_TOPICS', 'x', 'KAFKA_TOPICS'],
  ['a value out of bounds', settings, 'data/WEBSOCKET_SEND_TIMEOUT_SECS', '900', '60 is used'],
  ['a secret for all to see', settings, 'data/KAFKA_SSL_KEY_PASSWORD', 'x', 'is in no Secret'],
  ['half of a login', 'Secret/kafka', 'data/KAFKA_SASL_PASSWORD', secret(''), 'set together'],
  ['one group for all', relay, `${container}/env/1/value`, 'relay', 'have one group'],
  ['a buffer for each', settings, 'data/REPLAY_GROUP_ID', undefined, 'share the replay buffer'],
  ['a buffer by name', relay, `${container}/env/2`,
    { name: 'REPLAY_GROUP_ID', value: '$(POD_NAME)' }, 'share the replay buffer'],
  ['a port of its own', settings, 'data/WEBSOCKET_PORT', '3003', 'listens on 3003'],
  ['loopback', settings, 'data/WEBSOCKET_HOST', '127.0.0.1', 'can reach it'],
  ['another host name', 'Ingress/relay', 'spec/rules/0/host', 'a.test', 'call it a.test get 421'],
  ['liveness by traffic', relay, `${container}/livenessProbe/httpGet/path`, '/health', '/livez'],
  ['readiness by traffic', relay, `${container}/readinessProbe/httpGet/path`, '/health', '/readyz'],
  ['no time to start', relay, `${container}/startupProbe`, undefined, 'has started'],
  ['SIGKILL in its shutdown', relay, `${pod}/terminationGracePeriodSeconds`, 20, 'is killed'],
  ['clients that come back', relay, `${container}/lifecycle`, undefined, 'come back'],
  ['larger buffers', settings, 'data/WEBSOCKET_BUFFER_BYTES', '536870912', 'may need'],
  ['a smaller pod', relay, `${container}/resources/limits/memory`, '512Mi', 'killed at 512 MiB'],
  ['schemas in the image', settings, 'data/EXPECTED_SCHEMAS_PATH', 'a/b.json', 'schemas in a'],
  ['scaling by CPU', 'HorizontalPodAutoscaler/relay', 'spec/metrics/0/type', 'Resource', 'alike'],
  ['scaling by no metric', 'HorizontalPodAutoscaler/relay', 'spec/metrics/0/pods/metric/name', 'a',
    'no metric a'],
  ['full replicas', 'HorizontalPodAutoscaler/relay',
    'spec/metrics/0/pods/target/averageValue', '9000', '9000 is asked'],
  ['a scrape of health', 'ServiceMonitor/relay', 'spec/endpoints/0/path', '/health', 'no metrics'],
  ['other labels', 'ServiceMonitor/relay', 'spec/endpoints/0/relabelings', [], 'component'],
  ['a CA that is not there', relay, `${container}/volumeMounts/1`,
    { name: 'state', mountPath: '/x' }, 'which no volume has'],
])('relay: %s', (_, name, path, value, says) => {
  expect(relayProblems(broken(production, name, path, value)).join('; ')).toContain(says)
})

it('relay: a workload that talks to Kafka, and not as the Secret says', () => {
  const told = broken(production, settings, 'data/KAFKA_BROKERS', 'kafka:9092')
  const untold = broken(told, relay, `${container}/envFrom/1`, {})
  expect(relayProblems(untold).join('; ')).toContain('does not know how Kafka is secured')
})

it.each([
  ['a type', relay, 'spec/minReadySeconds', '10', 'minReadySeconds must be integer'],
  ['a quantity', relay, `${container}/resources/limits/memory`, '1Gx', 'quantity'],
  ['what is required', 'ServiceMonitor/relay', 'spec/endpoints', undefined, 'property endpoints'],
  ['a kind', 'Service/relay', 'kind', 'Servise', 'no schema'],
  ['a version', 'Service/relay', 'apiVersion', 'v2', 'no schema'],
])('schemas: %s', (_, name, path, value, says) => {
  expect(schemaProblems(broken(production, name, path, value)).join('; ')).toContain(says)
})

it.each([
  ['a boolean', 'spec/quiet', true, 'spec/quiet'],
  ['an unknown field', 'spec/paralelism', 4, 'paralelism'],
  ['a moving image', 'spec/runner/image', 'grafana/k6:latest', 'spec/runner/image'],
])('schemas: %s of a TestRun', (_, path, value, says) => {
  const changed = broken(load, 'TestRun/dashstream-load', path, value)
  expect(schemaProblems(changed).join('; ')).toContain(says)
})

it('schemas: fields that nobody knows, wherever they are', async () => {
  const once = broken(production, relay, `${container}/livenessProbe/failureTreshold`, 3)
  const twice = broken(once, 'ServiceMonitor/relay', 'spec/endpoints/0/intervall', '1s')
  const says = (await fieldProblems(twice, repoRoot)).join('; ')
  expect(says).toContain("StatefulSet/relay: Object literal may only specify known properties")
  expect(says).toContain('failureTreshold')
  expect(says).toContain('intervall')
})
