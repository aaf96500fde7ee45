/** A Redis whose answers the test writes: for what a real one cannot be brought to say in time. */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** An answer: an error, a number, bytes, nothing, a list; or the end of the connection. */
export type Answer = Error | number | string | null | readonly Answer[] | typeof hangUp
export const hangUp = Symbol('the connection ends here')
/** @param args the command's words, its name in capitals first */
export type Answering = (args: readonly string[], connection: number) => Answer

export class RedisStandIn {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  answer: Answering
  connections = 0

  private constructor(server: Server, answer: Answering) {
    this.#server = server
    this.answer = answer
    server.on('connection', (socket) => this.#serve(socket, (this.connections += 1)))
  }

  static async open(answer: Answering): Promise<RedisStandIn> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new RedisStandIn(server, answer)
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #serve(socket: Socket, connection: number): void {
    this.#sockets.add(socket)
    let text = ''
    socket.setEncoding('latin1')
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      text += String(chunk)
      const { commands, rest } = commandsIn(text)
      text = rest
      for (const [name = '', ...args] of commands) {
        const answer = this.answer([name.toUpperCase(), ...args], connection)
        if (answer === hangUp) return void socket.destroy()
        socket.write(inBytes(answer), 'latin1')
      }
    })
  }
}

/** Whole commands, as lists of bulk strings, and what follows them. */
function commandsIn(text: string): { commands: string[][]; rest: string } {
  const commands: string[][] = []
  let at = 0
  for (;;) {
    const head = /^\*(\d+)\r\n/.exec(text.slice(at, at + 16))
    if (head === null) return { commands, rest: text.slice(at) }
    let next = at + head[0].length
    const words: string[] = []
    while (words.length < Number(head[1])) {
      const size = /^\$(\d+)\r\n/.exec(text.slice(next, next + 16))
      if (size === null) return { commands, rest: text.slice(at) }
      const from = next + size[0].length
      next = from + Number(size[1]) + 2
      if (next > text.length) return { commands, rest: text.slice(at) }
      words.push(text.slice(from, next - 2))
    }
    commands.push(words)
    at = next
  }
}

function inBytes(answer: Exclude<Answer, typeof hangUp>): string {
  if (answer === null) return '$-1\r\n'
  if (answer instanceof Error) return `-${answer.message}\r\n`
  if (typeof answer === 'number') return `:${answer}\r\n`
  if (typeof answer === 'string') return `$${answer.length}\r\n${answer}\r\n`
  const parts = answer as readonly Exclude<Answer, typeof hangUp>[]
  return `*${parts.length}\r\n${parts.map(inBytes).join('')}`
}
