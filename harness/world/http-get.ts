/** One HTTP GET with a deadline: the harness requests every page by it. */
import { request, type Agent } from 'node:http'

export interface Page {
  readonly status: number
  readonly body: string
}

export interface GetOptions {
  /** When there is no more time. */
  readonly signal: AbortSignal
  /** Keeps the connection open between questions; without it each has its own. */
  readonly agent?: Agent
}

/** A page that says more is not worth the memory. */
const bodyBytesMax = 4 * 1_024 * 1_024

/** @throws Error where no whole answer came: refused, cut off, too large, or out of time */
export function httpGet(url: string | URL, { signal, agent }: GetOptions): Promise<Page> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { signal, ...(agent && { agent }) }, (answer) => {
      const chunks: Buffer[] = []
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        chunks.push(chunk)
        if (bytes > bodyBytesMax) asked.destroy(new Error(`answer above ${bodyBytesMax} bytes`))
      })
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      )
      answer.on('error', reject)
    })
    asked.on('error', reject)
    asked.end()
  })
}
