/**
 * Where to connect to Redis: the address of the settings, or the one that a node of a cluster has
 * redirected to. The last one that worked and the configured one are tried in turn, because either
 * may be gone.
 */

/** `MOVED <slot> <host>:<port>`; without a host, or with `?`, it means the answering node. */
const movedText = /^MOVED \d+ (?<host>\S*):(?<port>\d+)$/

export class RedisAddresses {
  readonly #configured: string
  #current: string
  /** Named by the last answer. */
  #named: string | undefined
  #worked: string | undefined

  /** @param configured a URL whose user, password and database hold for all nodes */
  constructor(configured: string) {
    this.#configured = configured
    this.#current = configured
  }

  /** The URL to connect to now. */
  next(): string {
    const named = this.#named
    this.#named = undefined
    const isTurnOfLast = this.#current === this.#configured
    this.#current = named ?? (isTurnOfLast ? this.#worked : undefined) ?? this.#configured
    return this.#current
  }

  /** The current server is the right one. */
  succeeded(): void {
    this.#worked = this.#current
  }

  /** The current server is the wrong one; its answer may name the right one. */
  refused(answer: string): void {
    if (this.#worked === this.#current) this.#worked = undefined
    const { host, port } = movedText.exec(answer.trim())?.groups ?? {}
    if (host === undefined || port === undefined) return
    this.#named = urlOf(this.#current, host, port)
  }
}

function urlOf(url: string, host: string, port: string): string | undefined {
  const target = new URL(url)
  if (host !== '' && host !== '?') target.hostname = host.includes(':') ? `[${host}]` : host
  target.port = port
  return target.hostname === '' ? undefined : target.href
}
