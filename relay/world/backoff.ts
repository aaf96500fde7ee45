/** Exponential backoff: each wait is twice the one before, up to a limit. */
export interface BackoffBounds {
  readonly firstMs: number
  readonly mostMs: number
}

export class Backoff {
  readonly #bounds: BackoffBounds
  #nextMs: number

  constructor(bounds: BackoffBounds) {
    this.#bounds = bounds
    this.#nextMs = bounds.firstMs
  }

  /** How long to wait after an attempt that failed. */
  failed(): number {
    const waitMs = this.#nextMs
    this.#nextMs = Math.min(waitMs * 2, this.#bounds.mostMs)
    return waitMs
  }

  /** An attempt succeeded: the next failure is a first one. */
  succeeded(): void {
    this.#nextMs = this.#bounds.firstMs
  }
}
