/**
 * Certificates are looked at before anything is started: one that cannot be used would otherwise
 * show as a broker that cannot be reached, for ever.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { settingRows, type Settings } from '../tables/settings.ts'

type FileKey = 'kafkaSslCaFile' | 'kafkaSslCertFile' | 'kafkaSslKeyFile'

/** What is wrong with the files of a secured Kafka; nothing where none is asked for. */
export function certificateProblems(settings: Settings): string[] {
  if (!settings.kafkaSecurityProtocol.endsWith('ssl')) return []
  const problems: string[] = []
  const use = <T>(key: FileKey, wanted: string, read: (pem: string) => T): T | undefined => {
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
  use('kafkaSslCaFile', 'a PEM certificate', certificatesIn)
  const certificate = use('kafkaSslCertFile', 'a PEM certificate', certificatesIn)
  const passphrase = settings.kafkaSslKeyPassword
  const ofKey = 'a PEM private key that KAFKA_SSL_KEY_PASSWORD opens'
  const key = use('kafkaSslKeyFile', ofKey, (pem) => createPrivateKey({ key: pem, passphrase }))
  if (certificate !== undefined && key !== undefined && !certificate.checkPrivateKey(key)) {
    problems.push('KAFKA_SSL_KEY_LOCATION: wanted the key of KAFKA_SSL_CERTIFICATE_LOCATION')
  }
  return problems
}

/** Looked at before it is opened: to open a pipe is to wait for its other end. */
function contentOf(file: string): string {
  if (!statSync(file).isFile()) throw new Error('it is no file')
  return readFileSync(file, 'utf8')
}

/** The first of them, which is the one that a key belongs to; all can be read. */
function certificatesIn(pem: string): X509Certificate {
  const found = pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? []
  const [first] = found.map((one) => new X509Certificate(one))
  if (first === undefined) throw new Error('there is none in it')
  return first
}
