/** What may be wrong with a compose file of ours, and can be told without an engine. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { settingRows } from '../../relay/tables/settings.ts'
import { isSecretName } from '../../harness/world/environment.ts'
import { repoRoot } from '../../harness/world/places.ts'

export interface Service {
  readonly image?: string
  readonly profiles?: readonly string[]
  readonly command?: string | readonly string[]
  readonly environment?: Readonly<Record<string, unknown>>
  readonly ports?: readonly unknown[]
  readonly volumes?: readonly unknown[]
  readonly healthcheck?: { readonly test?: readonly string[] }
  readonly depends_on?: Readonly<Record<string, { readonly condition?: string }>>
  readonly mem_limit?: string
  readonly pids_limit?: number
  readonly restart?: string
  readonly cap_drop?: readonly string[]
}
export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

export const readCompose = (text: string): ComposeFile =>
  parse(text, { merge: true }) as ComposeFile

/** A variable of the file, and what stands where it is not set. */
const variable = /\$\{(\w+)(?::-([^}]*))?\}/g

/** The text with the defaults of its variables. */
export const byDefault = (text: string): string =>
  text.replaceAll(variable, (_, _name, value: string | undefined) => value ?? '')

/** Variables that replace something in the file, with their defaults. */
export const variablesOf = (text: string): ReadonlyMap<string, string | undefined> =>
  new Map([...text.matchAll(variable)].map(([, name = '', value]) => [name, value]))

/** Ends by itself: it has no state to be healthy in. */
const isOneShot = ({ restart }: Service) => restart === 'no'

/** Everything that is wrong with the file, each in one line. */
export function composeProblems(text: string): string[] {
  const file = readCompose(text)
  const unset = [...variablesOf(text)].filter(([, value]) => value === undefined || value === '')
  return [
    ...unset.map(([name]) => `\${${name}} has no default`),
    ...Object.entries(file.services).flatMap(([name, service]) =>
      serviceProblems(service, file).map((says) => `${name}: ${says}`),
    ),
    ...relayProblems(file.services['relay']),
    ...secretProblems(file),
  ]
}

function serviceProblems(service: Service, file: ComposeFile): string[] {
  const { image = '', healthcheck, mem_limit, pids_limit, cap_drop } = service
  const needed = Object.entries(service.depends_on ?? {})
  return [
    ...(/^\$\{[A-Z0-9]+_IMAGE:-[^}]+\}$/.test(image) ? [] : ['its image has no variable']),
    ...(/:v?\d+\.\d+\.\d+(?:-[a-z]+)?$/.test(byDefault(image)) ? [] : ['its image is not pinned']),
    ...(service.ports ?? []).flatMap(portProblems),
    ...(service.volumes ?? []).flatMap((volume) => volumeProblems(volume, file)),
    ...(mem_limit === undefined || pids_limit === undefined ? ['it has no limits'] : []),
    ...(cap_drop?.includes('ALL') === true ? [] : ['it keeps rights that it does not need']),
    ...(isOneShot(service) || healthcheck?.test !== undefined || service.command?.includes('load')
      ? []
      : ['it has no health check']),
    ...needed.flatMap(([other, { condition }]) => {
      const wanted =
        file.services[other] !== undefined && isOneShot(file.services[other])
          ? 'service_completed_successfully'
          : 'service_healthy'
      return condition === wanted ? [] : [`it must wait for ${other} with ${wanted}`]
    }),
  ]
}

function portProblems(port: unknown): string[] {
  const form = /^127\.0\.0\.1:\$\{[A-Z]+_HOST_PORT:-\d+\}:\d+$/
  return form.test(String(port)) ? [] : [`port ${String(port)} is not of 127.0.0.1 by a variable`]
}

function volumeProblems(volume: unknown, { volumes }: ComposeFile): string[] {
  const [from = '', to, mode] = String(volume).split(':')
  if (to === undefined) return [`volume ${from} has no name`]
  if (!from.startsWith('./')) return from in volumes ? [] : [`volume ${from} is not declared`]
  return [
    ...(existsSync(join(repoRoot, from)) ? [] : [`${from} does not exist`]),
    ...(mode === 'ro' ? [] : [`${from} may be written to`]),
  ]
}

/** Variables that the relay does not know, and checks that depend on traffic. */
function relayProblems(relay: Service | undefined): string[] {
  const known = new Set<string>(Object.values(settingRows).map(({ env }) => env))
  const names = Object.keys(relay?.environment ?? {})
  const test = relay?.healthcheck?.test?.join(' ') ?? ''
  return [
    ...names.filter((name) => !known.has(name)).map((name) => `relay: no setting is ${name}`),
    ...(/\/health\b|\/readyz/.test(test) ? ['relay: its health depends on others'] : []),
  ]
}

/** Values of secret names, and passwords in addresses. */
function secretProblems({ services }: ComposeFile): string[] {
  return Object.entries(services).flatMap(([service, { environment = {} }]) =>
    Object.entries(environment).flatMap(([name, value]) =>
      isSecretName(name) || /:\/\/[^/\s]*@/.test(String(value))
        ? [`${service}: ${name} is or holds a secret`]
        : [],
    ),
  )
}
