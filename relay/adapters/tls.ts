/**
 * Certificate and key of the relay's own listener: read together, checked together, and read again
 * when their files change, because certificates are renewed more often than relays are restarted.
 * Files are polled: file watchers do not notice changes of mounted secrets.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { Settings } from '../tables/settings.ts'
import type { Clock, Timer } from '../world/clock.ts'
import { contentOf } from './certificates.ts'
import type { Logger } from './logger.ts'

export interface TlsPair {
  readonly cert: string
  readonly key: string
}
type TlsSettings = Pick<Settings, 'tlsCertFile' | 'tlsKeyFile'>

const lookEveryMs = 5_000

/** @returns undefined where the relay listens without TLS */
export function readTlsPair({ tlsCertFile, tlsKeyFile }: TlsSettings): TlsPair | undefined {
  if (tlsCertFile === '') return undefined
  return { cert: contentOf(tlsCertFile), key: contentOf(tlsKeyFile) }
}

/** When the certificate of a pair expires, in seconds since 1970. */
export const endOf = ({ cert }: TlsPair): number =>
  new X509Certificate(cert).validToDate.getTime() / 1_000

export interface FollowNeeds {
  readonly clock: Clock
  readonly logger: Logger
  readonly settings: TlsSettings
  /** The pair in use. */
  readonly pair: TlsPair
  /** Uses another pair for new connections. */
  onRenewed(pair: TlsPair): void
}

/** Polls for another pair until the timer is cancelled. An unusable one is logged once. */
export function followTlsPair(needs: FollowNeeds): Timer {
  const { clock, logger, settings } = needs
  const files = [settings.tlsCertFile, settings.tlsKeyFile]
  let known = needs.pair
  let seen = ''
  let isLooking = false
  const look = async () => {
    const marks = await Promise.all(files.map(markOf))
    if (marks.join() === seen) return
    const [cert = '', key = ''] = await Promise.all(files.map((file) => readFile(file, 'utf8')))
    // Only now: files that could not be read are read again.
    seen = marks.join()
    if (cert === known.cert && key === known.key) return
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
      throw new Error('the key is not that of the certificate')
    }
    known = { cert, key }
    needs.onRenewed(known)
    logger.info({ file: files[0] }, 'new connections get the renewed certificate')
  }
  let logged = ''
  return clock.every(lookEveryMs, () => {
    if (isLooking) return
    isLooking = true
    void look()
      .then(() => void (logged = ''))
      .catch((error: Error) => {
        if (error.message === logged) return
        logged = error.message
        logger.error({ err: error }, 'the renewed certificate cannot be used; the old one stays')
      })
      .finally(() => void (isLooking = false))
  })
}

/** Changes whenever the file does, also when another one takes its name. */
async function markOf(file: string): Promise<string> {
  const { ino, mtimeMs, size } = await stat(file)
  return `${ino}/${mtimeMs}/${size}`
}
