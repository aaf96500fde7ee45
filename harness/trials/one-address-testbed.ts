/**
 * One address before several servers, as a load balancer or a service name is: connections that
 * stand stay with the server that they were made to, new ones go to the one that is chosen now.
 */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export class OneAddress {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #port: number

  private constructor(server: Server, port: number) {
    this.#server = server
    this.#port = port
    server.on('connection', (socket) => this.#forward(socket))
  }

  static async open(port: number): Promise<OneAddress> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new OneAddress(server, port)
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** New connections go to this port of 127.0.0.1 from now on. */
  leadTo(port: number): void {
    this.#port = port
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #forward(client: Socket): void {
    const server = connect(this.#port, '127.0.0.1')
    for (const [one, other] of [[client, server], [server, client]] as const) {
      this.#sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  }
}
