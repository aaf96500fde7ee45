/**
 * The user's own Grafana: how it is started beside a Prometheus with our dashboards. Grafana is
 * AGPL, so it is never installed here; what is built here is its command line, its environment and
 * its provisioning files.
 */
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { printDatasources, printProviders } from '../../dashboards/provisioning.ts'
import { onPath } from '../toolchain/program.ts'
import { repoRoot } from '../world/places.ts'

/** A Grafana that is on PATH. */
export interface FoundGrafana {
  readonly program: string
  /** `server` for the one program of today, nothing for `grafana-server`. */
  readonly command: readonly string[]
  /** The folder with its own files. */
  readonly home: string
}

export interface GrafanaPlan {
  readonly found: FoundGrafana
  /** For its data, logs and provisioning. */
  readonly folder: string
  readonly port: number
}

export interface GrafanaStart {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Where packages put Grafana's own files, besides next to its program. */
const packagedHomes = ['/usr/share/grafana', '/opt/homebrew/opt/grafana/share/grafana']
/** What only Grafana's home has. */
const homeSign = 'conf/defaults.ini'

/** The printed dashboards. */
export const dashboardsFolder = join(repoRoot, 'dashboards/grafana')

/** Grafana on PATH with its files; undefined where either is missing. */
export function findGrafana(
  find = onPath,
  exists: (file: string) => boolean = existsSync,
): FoundGrafana | undefined {
  const one = find('grafana')
  const program = one ?? find('grafana-server')
  if (program === undefined) return undefined
  const homes = [dirname(dirname(real(program))), ...packagedHomes]
  const home = homes.find((folder) => exists(join(folder, homeSign)))
  if (home === undefined) return undefined
  return { program, command: one === undefined ? [] : ['server'], home }
}

function real(program: string): string {
  try {
    return realpathSync(program)
  } catch {
    return program
  }
}

/** The command line and the environment. It is read-only for everybody, and reports nothing. */
export function grafanaStart({ found, folder, port }: GrafanaPlan): GrafanaStart {
  return {
    command: found.program,
    args: [...found.command, `--homepath=${found.home}`],
    env: {
      GF_SERVER_HTTP_ADDR: '127.0.0.1',
      GF_SERVER_HTTP_PORT: String(port),
      GF_PATHS_DATA: join(folder, 'data'),
      GF_PATHS_LOGS: join(folder, 'logs'),
      GF_PATHS_PLUGINS: join(folder, 'plugins'),
      GF_PATHS_PROVISIONING: provisioningFolder(folder),
      GF_AUTH_ANONYMOUS_ENABLED: 'true',
      GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
      GF_AUTH_DISABLE_LOGIN_FORM: 'true',
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
    },
  }
}

const provisioningFolder = (folder: string) => join(folder, 'provisioning')

/** Writes the files by which it finds the Prometheus and the printed dashboards. */
export function writeProvisioning(folder: string, prometheusUrl: string): void {
  const files = {
    datasources: printDatasources(prometheusUrl, recordedStepSeconds),
    dashboards: printProviders(dashboardsFolder),
  }
  for (const [kind, content] of Object.entries(files)) {
    mkdirSync(join(provisioningFolder(folder), kind), { recursive: true })
    writeFileSync(join(provisioningFolder(folder), kind, 'chaos.yml'), content)
  }
}
/** Exported runs have a sample each second. */
const recordedStepSeconds = 1
