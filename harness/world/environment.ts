/**
 * The environment of the harness process, and what of it children inherit. A relay under test
 * takes its settings from variables: one left over in a user's shell must not change a verdict,
 * and a secret of the shell must not end in a child's log.
 */
import { join } from 'node:path'
import { toolsFolder } from './places.ts'

/** What a server needs to find programs, home, language and certificates; nothing else. */
const inherited = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'JAVA_HOME',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
] as const

/** Programs of ours load in half the time where they find what was compiled of them before. */
export const compiled = { NODE_COMPILE_CACHE: join(toolsFolder, 'node-compiled') }

/** The harness's own variables. Read only here. */
export const environment: Readonly<Record<string, string | undefined>> = process.env

/** All variables of the harness that have a value, for what is installed as its user would. */
export function ownVariables(): Record<string, string> {
  const set = Object.entries(environment).filter(([, value]) => value !== undefined)
  return Object.fromEntries(set) as Record<string, string>
}

/** The variables of a child: ours, the inherited few, then `given`. */
export function childEnvironment(given: Readonly<Record<string, string>>): Record<string, string> {
  const base = inherited.flatMap((name) => {
    const value = environment[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...compiled, ...Object.fromEntries(base), ...given }
}

/** Names of variables whose values must never be shown. */
const secretName = /SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|API_?KEY|SASL_JAAS/i
/** Shorter values are left alone: replacing every `1` of a log would hide more than it protects. */
const secretCharsMin = 4

/** The values in `variables` that must not appear in logs or messages. */
export function secretsOf(variables: Readonly<Record<string, string>>): string[] {
  const values = Object.entries(variables).flatMap(([name, value]) =>
    isSecretName(name) ? [value] : passwordIn(value),
  )
  return values.filter((value) => value.length >= secretCharsMin)
}

/** Whether the value of a variable of this name is to be kept from people. */
export const isSecretName = (name: string): boolean => secretName.test(name)

/** The password of a URL such as `redis://user:password@host`. */
const passwordIn = (value: string): string[] =>
  /:\/\/[^:@/\s]*:([^@\s]+)@/.exec(value)?.slice(1) ?? []
