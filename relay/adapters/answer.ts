/** An answer over HTTP: of a route, of the request guard, or to an upgrade. */
export interface Answer {
  readonly code: number
  readonly body: string | Readonly<Record<string, unknown>> | readonly unknown[]
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}
