/** The command line of the user's own Grafana, which is never started here. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import {
  dashboardsFolder,
  findGrafana,
  grafanaStart,
  writeProvisioning,
} from './grafana-server.ts'
import { runNamesOf } from './run-names.ts'

const onPath = (...names: string[]) => (name: string) =>
  names.includes(name) ? `/opt/g/bin/${name}` : undefined
const unpacked = (file: string) => file === '/opt/g/conf/defaults.ini'
const packaged = (file: string) => file === '/usr/share/grafana/conf/defaults.ini'

test('is found on PATH by either name, with its own files beside it or of a package', () => {
  const own = { program: '/opt/g/bin/grafana', command: ['server'], home: '/opt/g' }
  expect(findGrafana(onPath('grafana', 'grafana-server'), unpacked)).toEqual(own)
  expect(findGrafana(onPath('grafana-server'), packaged)).toEqual({
    program: '/opt/g/bin/grafana-server',
    command: [],
    home: '/usr/share/grafana',
  })
  expect(findGrafana(onPath(), packaged)).toBeUndefined()
  expect(findGrafana(onPath('grafana'), () => false)).toBeUndefined()
})

test('listens on loopback, keeps its files in our folder, and lets nobody change anything', () => {
  const found = { program: '/opt/g/bin/grafana', command: ['server'], home: '/opt/g' }
  const { command, args, env } = grafanaStart({ found, folder: '/f', port: 3_333 })
  expect([command, ...args]).toEqual(['/opt/g/bin/grafana', 'server', '--homepath=/opt/g'])
  expect(env).toMatchObject({
    GF_SERVER_HTTP_ADDR: '127.0.0.1',
    GF_SERVER_HTTP_PORT: '3333',
    GF_PATHS_DATA: '/f/data',
    GF_PATHS_PROVISIONING: '/f/provisioning',
    GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
    GF_ANALYTICS_REPORTING_ENABLED: 'false',
  })
})

test('is told of the Prometheus and of the printed dashboards', () => {
  const folder = mkdtempSync(join(tmpdir(), 'grafana-'))
  writeProvisioning(folder, 'http://127.0.0.1:9')
  const read = (kind: string): unknown =>
    parse(readFileSync(join(folder, 'provisioning', kind, 'chaos.yml'), 'utf8'))
  expect(read('datasources')).toMatchObject({
    datasources: [{ url: 'http://127.0.0.1:9', jsonData: { timeInterval: '1s' } }],
  })
  expect(read('dashboards')).toMatchObject({ providers: [{ options: { path: dashboardsFolder } }] })
  rmSync(folder, { recursive: true })
})

test('runs have the shortest names that tell them apart', () => {
  expect(runNamesOf(['/r/x/01-a', '/r/y/02-b'])).toEqual(['01-a', '02-b'])
  expect(runNamesOf(['/r/x/01-a', '/r/y/01-a'])).toEqual(['x', 'y'])
  const three = ['/r/x/01-a', '/r/x/02-b', '/r/y/01-a']
  expect(runNamesOf(three)).toEqual(['x/01-a', 'x/02-b', 'y/01-a'])
  expect(runNamesOf(['/r/x/01-a', '/s/x/01-a'])).toEqual(['/r/x/01-a', '/s/x/01-a'])
})
