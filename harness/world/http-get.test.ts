import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { httpGet } from './http-get.ts'

/** Asks a server that answers so; there is no more time after 200 ms. */
async function ask(answer: RequestListener) {
  const server = createServer(answer)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const signal = AbortSignal.timeout(200)
  try {
    return await httpGet(`http://127.0.0.1:${port}/page`, { signal })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test('the whole page comes, with its status', async () => {
  const said = ask(({ url }, answer) => {
    answer.statusCode = 503
    answer.write('half of ')
    answer.end(url)
  })
  await expect(said).resolves.toEqual({ status: 503, body: 'half of /page' })
})

test.each([
  ['never answers', () => undefined, /abort/i],
  ['never ends its answer', (_, answer) => void answer.write('half'), /abort/i],
  ['hangs up', ({ socket }) => void socket.destroy(), /hang up|reset/i],
  ['hangs up in the middle', (_, answer) => answer.write('half', () => answer.destroy()), /abort/],
  ['says too much', (_, answer) => void answer.end(Buffer.alloc(5_000_000)), /above 4194304 bytes/],
] as readonly (readonly [string, RequestListener, RegExp])[])(
  'a server that %s is an error',
  async (_, answer, says) => {
    await expect(ask(answer)).rejects.toThrow(says)
  },
)
