/**
 * What kustomize makes of the manifests, held against Kubernetes' schemas, against the relay's
 * tables, and against one another. No cluster: that a scheduler and a network do as they are told
 * is not shown here.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { suiteNames } from '../../harness/cli/select.ts'
import { repoRoot } from '../../harness/world/places.ts'
import { containersOf, find, type Manifest, podsOf } from './manifest-testbed.ts'
import { podProblems } from './pods-testbed.ts'
import { referenceProblems } from './references-testbed.ts'
import { relayProblems } from './relay-testbed.ts'
import { type Rendered, render } from './rendered-testbed.ts'
import { fieldProblems, schemaProblems } from './schema-testbed.ts'

const overlays = ['overlays/dev', 'overlays/production'] as const
const folders = [...overlays, 'load']
/** Where Go has to build kustomize first. */
const renderLimitMs = 9 * 60_000

let rendered: Rendered
beforeAll(async () => {
  rendered = await render(folders)
}, renderLimitMs)
const of = (folder: string) => rendered[folder] as readonly Manifest[]

describe.each(folders)('%s', (folder) => {
  it('is valid by the schemas of Kubernetes and of the custom resources', () => {
    expect(of(folder).length).toBeGreaterThan(2)
    expect(schemaProblems(of(folder))).toEqual([])
  })

  it('puts every object into one namespace', () => {
    const inside = of(folder).filter(({ kind }) => kind !== 'Namespace')
    const names = new Set(inside.map(({ metadata }) => metadata.namespace))
    expect([...names]).toEqual([folder === 'overlays/dev' ? 'dashstream-dev' : 'dashstream'])
  })
})

it('no manifest has a field that Kubernetes does not know', async () => {
  expect(await fieldProblems(folders.flatMap(of), repoRoot)).toEqual([])
})

describe.each(overlays)('%s', (overlay) => {
  it('refers to nothing that is not there', () => {
    expect(referenceProblems(of(overlay))).toEqual([])
  })

  it('gives pods few rights, bounds, pinned images and folders to write to', () => {
    expect(podProblems(of(overlay))).toEqual([])
  })

  it('agrees with the relay', () => {
    // The one of a cluster that tries things out has no token, and says so.
    const expected = overlay === 'overlays/dev' ? /no token is set/ : undefined
    expect(relayProblems(of(overlay), expected)).toEqual([])
  })

  it('plays a suite that there is', () => {
    const nightly = podsOf(of(overlay)).find(({ says }) => says === 'CronJob/nightly')
    const [command, option, suite] = nightly?.spec.containers[0]?.args ?? []
    expect([command, option]).toEqual(['run', '--suite'])
    expect(suiteNames).toContain(suite)
  })
})

it('the load test reaches the relay of production, as one of its clients', () => {
  const both = [...of('overlays/production'), ...of('load')]
  const run = find(both, 'TestRun', 'dashstream-load')?.spec as unknown as {
    readonly runner: {
      readonly env: readonly { readonly name: string; readonly value: string }[]
      readonly metadata: { readonly labels: object }
    }
  }
  const url = run.runner.env.find(({ name }) => name === 'RELAY_URL')?.value
  expect(url).toBe('ws://relay:3002/ws')
  expect(run.runner.metadata.labels).toMatchObject({ 'dashstream/relay-client': 'true' })
})

it('production is not rendered without its Secrets, and without a token it says so', async () => {
  const file = (copy: string, name: string) => join(copy, 'overlays/production/secrets', name)
  const without = render(['overlays/production'], (copy) => rm(file(copy, 'kafka.env')))
  await expect(without).rejects.toThrow('kafka.env')
  const open = await render(['overlays/production'], (copy) =>
    writeFile(file(copy, 'relay.env'), 'WEBSOCKET_AUTH_TOKEN='),
  )
  expect(relayProblems(open['overlays/production'] ?? []).join()).toContain('no token is set')
})

it('a setting that changes starts new pods', async () => {
  const nameIn = (all: Rendered) =>
    podsOf(all['overlays/dev'] ?? [])
      .flatMap(containersOf)
      .flatMap(({ envFrom = [] }) => envFrom)
      .map(({ configMapRef }) => configMapRef?.name)
      .find((name) => name?.startsWith('relay-settings'))
  const changed = await render(['overlays/dev'], async (copy) => {
    const file = join(copy, 'base/relay-settings.env')
    await writeFile(file, `${await readFile(file, 'utf8')}WEBSOCKET_SEND_TIMEOUT_SECS=7\n`)
  })
  expect(nameIn(rendered)).toMatch(/^relay-settings-\w+$/)
  expect(nameIn(changed)).not.toBe(nameIn(rendered))
})
