/**
 * Where Redis is looked for: at the address of the settings, and where a cluster's node has sent
 * us. Neither is trusted for good: the one that worked last and the one that was set take turns,
 * because either may be gone.
 */

/** `MOVED <slot> <host>:<port>`; without a host, or with `?`, it is the one that said so. */
const movedText = /^MOVED \d+ (?<host>\S*):(?<port>\d+)$/

export class Places {
  readonly #configured: string
  #current: string
  /** Named by the server that was asked last. */
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

  /** What is connected to now is the right one. */
  succeeded(): void {
    this.#worked = this.#current
  }

  /** What is connected to now is not; it may say which one is. */
  refused(answer: string): void {
    if (this.#worked === this.#current) this.#worked = undefined
    const { host, port } = movedText.exec(answer.trim())?.groups ?? {}
    if (host === undefined || port === undefined) return
    this.#named = placeOf(this.#current, host, port)
  }
}

function placeOf(url: string, host: string, port: string): string | undefined {
  const place = new URL(url)
  if (host !== '' && host !== '?') place.hostname = host.includes(':') ? `[${host}]` : host
  place.port = port
  return place.hostname === '' ? undefined : place.href
}
