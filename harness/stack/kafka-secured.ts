/**
 * Broker listeners that require TLS, a password, or both, for tests of clients. The harness itself
 * uses the plain ones.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The listeners, named as Kafka names their protocols, in the order of their ports. */
export const securedProtocols = ['SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const

export interface Secured {
  /** Folder that `makeCertificates` has filled. */
  readonly certificates: string
  /** Known to PLAIN and to both SCRAM mechanisms. */
  readonly user: string
  readonly password: string
}

const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const
const loginModules = 'org.apache.kafka.common.security'

/** Arguments of Kafka's format tool, so that the users exist from the start. */
export function scramArguments({ user, password }: Secured): readonly string[] {
  return scram.map((name) => `--add-scram=${name}=[name=${user},password=${password}]`)
}

/** Settings of the listeners, apart from those that list listeners. */
export function securedSettings({ certificates, user, password }: Secured) {
  const plain = `${loginModules}.plain.PlainLoginModule required user_${user}="${password}";`
  const logins = ['sasl_plaintext', 'sasl_ssl'].flatMap((listener) => [
    [`listener.name.${listener}.plain.sasl.jaas.config`, plain],
    ...scram.map((name) => [
      `listener.name.${listener}.${name.toLowerCase()}.sasl.jaas.config`,
      `${loginModules}.scram.ScramLoginModule required;`,
    ]),
  ])
  return {
    'sasl.enabled.mechanisms': ['PLAIN', ...scram].join(','),
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': join(certificates, 'broker.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(certificates, 'ca.pem'),
    ...(Object.fromEntries(logins) as Record<string, string>),
  }
}

/**
 * Makes `ca.pem`, `broker.pem` (key and certificate for 127.0.0.1) and `other-ca.pem`, an unrelated
 * authority.
 */
export function makeCertificates(folder: string): void {
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe', timeout: 10_000 })
  const fresh = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  const issue = (name: string, ...more: readonly string[]) => {
    const files = ['-nodes', '-keyout', `${name}.key`, '-days', '2', '-subj', `/CN=${name}`]
    return openssl(...fresh, ...files, ...more)
  }
  issue('ca', '-out', 'ca.pem')
  issue('other-ca', '-out', 'other-ca.pem')
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'subjectAltName=IP:127.0.0.1']
  const certificate = issue('broker', ...signed, '-addext', 'basicConstraints=critical,CA:FALSE')
  const key = openssl('pkey', '-in', 'broker.key')
  writeFileSync(join(folder, 'broker.pem'), key + certificate, { mode: 0o600 })
}
