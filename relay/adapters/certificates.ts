/**
 * Certificates are checked before anything is started: one that cannot be used would otherwise look
 * like a broker that cannot be reached, forever.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { settingRows, type Settings } from '../tables/settings.ts'

type FileKey =
  | 'kafkaSslCaFile'
  | 'kafkaSslCertFile'
  | 'kafkaSslKeyFile'
  | 'tlsCertFile'
  | 'tlsKeyFile'

/** A certificate and the key that belongs to it. */
interface Pair {
  readonly cert: FileKey
  readonly key: FileKey
  readonly passphrase: string
  /** What the key must be, for error messages. */
  readonly ofKey: string
}

/** Problems with the files for TLS to Kafka and of the relay's own listener. */
export function certificateProblems(settings: Settings): string[] {
  const problems: string[] = []
  if (settings.kafkaSecurityProtocol.endsWith('ssl')) {
    use(settings, problems, 'kafkaSslCaFile', 'a PEM certificate', certificatesIn)
    const passphrase = settings.kafkaSslKeyPassword
    const ofKey = 'a PEM private key that KAFKA_SSL_KEY_PASSWORD opens'
    const pair = { cert: 'kafkaSslCertFile', key: 'kafkaSslKeyFile', passphrase, ofKey } as const
    usePair(settings, problems, pair)
  }
  const ofKey = 'a PEM private key that is not encrypted'
  const own = { cert: 'tlsCertFile', key: 'tlsKeyFile', passphrase: '', ofKey } as const
  usePair(settings, problems, own)
  return problems
}

function usePair(settings: Settings, problems: string[], pair: Pair): void {
  const { passphrase } = pair
  const certificate = use(settings, problems, pair.cert, 'a PEM certificate', certificatesIn)
  const readKey = (pem: string) => createPrivateKey({ key: pem, passphrase })
  const key = use(settings, problems, pair.key, pair.ofKey, readKey)
  if (certificate === undefined || key === undefined || certificate.checkPrivateKey(key)) return
  problems.push(`${settingRows[pair.key].env}: wanted the key of ${settingRows[pair.cert].env}`)
}

function use<T>(
  settings: Settings,
  problems: string[],
  key: FileKey,
  wanted: string,
  read: (pem: string) => T,
): T | undefined {
  const file = settings[key]
  if (file === '') return undefined
  try {
    return read(contentOf(file))
  } catch (error) {
    const found = `"${file}": ${(error as Error).message}`
    problems.push(`${settingRows[key].env}: wanted ${wanted}; found ${found}`)
    return undefined
  }
}

/** Checked before it is opened: opening a pipe waits for its other end. */
export function contentOf(file: string): string {
  if (!statSync(file).isFile()) throw new Error('it is not a regular file')
  return readFileSync(file, 'utf8')
}

/** The first certificate, which the key belongs to; all of them are checked. */
function certificatesIn(pem: string): X509Certificate {
  const found = pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? []
  const [first] = found.map((one) => new X509Certificate(one))
  if (first === undefined) throw new Error('it contains no certificate')
  return first
}
