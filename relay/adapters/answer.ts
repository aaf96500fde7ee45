/** An answer over HTTP, whoever of the pages, the doors and the upgrades gives it. */
export interface Answer {
  readonly code: number
  readonly body: string | Readonly<Record<string, unknown>> | readonly unknown[]
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}
