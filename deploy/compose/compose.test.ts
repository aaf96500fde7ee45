/** The compose file: what its engine would not tell, and what it would tell too late. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import pins from '../../harness/toolchain/pins.json' with { type: 'json' }
import { repoRoot } from '../../harness/world/places.ts'
import {
  byDefault,
  composeProblems,
  readCompose,
  variablesOf,
  type Service,
} from './compose-testbed.ts'

const read = (path: string) => readFileSync(join(repoRoot, path), 'utf8')
const text = read('docker-compose.chaos.yml')
const { services, volumes } = readCompose(byDefault(text))
const { version } = JSON.parse(read('package.json')) as { version: string }
const addressIn = (value: unknown) => String(value).replace(/^\w+:\/\//, '')
const service = (name: string): Service => services[name] ?? {}

describe('docker-compose.chaos.yml', () => {
  it('has nothing wrong that can be seen without an engine', () => {
    expect(composeProblems(text)).toEqual([])
  })

  it('has all parts of the demo, and k6 only where it is asked for', () => {
    expect(Object.keys(services)).toEqual([
      'kafka',
      'redis',
      'toxiproxy',
      'topics',
      'relay',
      'harness',
      'prometheus',
      'alertmanager',
      'grafana',
      'k6',
    ])
    const behindProfiles = Object.entries(services).filter(([, { profiles }]) => profiles)
    expect(behindProfiles.map(([name]) => name)).toEqual(['k6'])
  })

  it('has the versions that are tested', () => {
    expect(service('kafka').image).toBe(`apache/kafka:${pins.kafka}`)
    expect(service('toxiproxy').image).toMatch(new RegExp(`:${pins.toxiproxy}$`))
    for (const name of ['harness', 'topics']) {
      expect(service(name).image).toBe(`dashstream/chaos:${version}`)
    }
    expect(service('relay').image).toBe(`dashstream/relay:${version}`)
    const dev = read('deploy/kubernetes/overlays/dev/servers.yaml')
    expect(dev).toContain(`image: ${service('redis').image}\n`)
    expect(read('deploy/kubernetes/load/test-run.yaml')).toContain(
      `image: ${service('k6').image}\n`,
    )
  })

  it('leads the relay through Toxiproxy, which leads to listeners that lead back to it', () => {
    const proxies = JSON.parse(read('deploy/compose/proxies.json')) as {
      name: string
      listen: string
      upstream: string
    }[]
    const at = (name: string) => proxies.find((proxy) => proxy.name === name)
    const { KAFKA_BROKERS, REDIS_URL } = service('relay').environment ?? {}
    const listens = (name: string) => at(name)?.listen.replace('0.0.0.0', 'toxiproxy')
    expect(KAFKA_BROKERS).toBe(listens('kafka'))
    expect(addressIn(REDIS_URL)).toBe(listens('redis'))
    const { KAFKA_LISTENERS, KAFKA_ADVERTISED_LISTENERS } = service('kafka').environment ?? {}
    const listenerOf = (list: unknown, name: string) =>
      new RegExp(`${name}://([^,]*)`).exec(String(list))?.[1]
    const port = at('kafka')?.upstream.split(':')[1]
    expect(listenerOf(KAFKA_LISTENERS, 'PROXIED')).toBe(`:${port}`)
    expect(listenerOf(KAFKA_ADVERTISED_LISTENERS, 'PROXIED')).toBe(KAFKA_BROKERS)
    expect(at('redis')?.upstream).toBe('redis:6379')
    expect(service('harness').command).toContain(listens('clients'))
  })

  it('makes the topics of the relay before it starts', () => {
    const { KAFKA_TOPIC, KAFKA_DLQ_TOPIC } = service('relay').environment ?? {}
    const made = (service('topics').command ?? []).slice(3) as string[]
    expect(made.map((one) => one.replace(/:\d+$/, ''))).toEqual([KAFKA_TOPIC, KAFKA_DLQ_TOPIC])
    expect(service('relay').depends_on?.['topics']?.condition).toBe(
      'service_completed_successfully',
    )
  })

  it('lets the relay be asked by the names that it has here, and by more than ten clients', () => {
    const environment = service('relay').environment ?? {}
    expect(environment['WEBSOCKET_ALLOWED_HOSTS']).toBe('relay,toxiproxy')
    expect(Number(environment['WEBSOCKET_MAX_CONNECTIONS_PER_IP'])).toBeGreaterThanOrEqual(1_000)
  })

  it('gives Alertmanager every file of addresses that its configuration names', () => {
    const named = [...read('dashboards/alertmanager/alertmanager.yml').matchAll(/url_file: (\S+)/g)]
    expect(named.length).toBeGreaterThan(0)
    const inbox = `harness:${String((service('harness').command ?? []).at(-1))}`
    for (const [, path = ''] of named) {
      const mounted = path.replace('/etc/alertmanager/receivers', 'deploy/compose/receivers')
      expect(existsSync(join(repoRoot, mounted))).toBe(true)
      expect(read(mounted)).toContain(`http://${inbox}/`)
    }
  })

  it('has Prometheus ask the relay by its name and port', () => {
    const targets = read('dashboards/prometheus/targets/compose.json')
    const port = String(service('relay').environment?.['WEBSOCKET_PORT'])
    expect(targets).toContain(`relay:${port}`)
  })

  it('declares no volume that nobody uses', () => {
    const used = Object.values(services).flatMap((one) => (one.volumes ?? []).map(String))
    for (const name of Object.keys(volumes)) {
      expect(used.filter((volume) => volume.startsWith(`${name}:`))).not.toEqual([])
    }
  })

  it('has each of its variables told in the README', () => {
    const readme = read('deploy/README.md')
    for (const name of variablesOf(text).keys()) {
      const [, kind = name] = /_(IMAGE|HOST_PORT)$/.exec(name) ?? []
      expect(readme).toContain(`_${kind}\``)
    }
  })
})

describe('a compose file', () => {
  const mutated = (from: string | RegExp, to: string) => {
    expect(text).toMatch(from)
    return composeProblems(text.replace(from, to))
  }
  it.each([
    ['with an image that moves', 'redis:7.4.1-bookworm', 'redis:latest', 'redis: its image is not'],
    ['with half a version', 'redis:7.4.1-bookworm', 'redis:7.4', 'redis: its image is not pinned'],
    ['with an image that nobody can replace', /\$\{REDIS_IMAGE:-([^}]*)\}/, '$1', 'no variable'],
    ['with a variable without default', 'REDIS_IMAGE:-redis:7.4.1-bookworm', 'REDIS_IMAGE', 'has'],
    ['that listens on all addresses', '127.0.0.1:${RELAY_HOST', '${RELAY_HOST', 'port'],
    ['of a folder that is not there', './dashboards/prometheus:', './dashboards/prom:', 'exist'],
    ['that may write to our files', 'proxies.json:ro', 'proxies.json', 'may be written to'],
    ['with a nameless volume', 'kafka-data:/var/lib/kafka/data', '/var/lib/kafka/data', 'no name'],
    ['that sets what nobody knows', 'WEBSOCKET_PORT:', 'WEBSOCKET_PRT:', 'no setting is'],
    ['that depends on traffic', 'deploy/images/relay/alive.mjs]', '/health]', 'its health'],
    ['with a password', 'redis://toxiproxy', 'redis://:secret@toxiproxy', 'REDIS_URL is or holds'],
    ['with a token', 'KAFKA_NODE_ID:', 'WEBSOCKET_AUTH_TOKEN:', 'WEBSOCKET_AUTH_TOKEN is or holds'],
    ['with a service without limits', 'mem_limit: 384m', 'x-none: 1', 'redis: it has no limits'],
    ['that keeps rights', 'cap_drop: [ALL]', 'x-none: 1', 'keeps rights'],
    ['that does not wait', 'kafka: { condition: service_healthy }', 'kafka: {}', 'topics: it must'],
  ])('%s is refused', (_, from, to, says) => {
    expect(mutated(from, to).join('\n')).toContain(says)
  })
})
