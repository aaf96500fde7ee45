/** Servers on free ports. If another process takes a port in the last moment, another is tried. */
import { holdPorts, type HeldPorts } from '../world/ports.ts'
import { Trouble } from '../world/trouble.ts'

/** Chooses and holds `count` ports; `seed` is different for every try. */
export type ChoosePorts = (count: number, seed: string) => Promise<HeldPorts>

export interface PortWish {
  readonly role: string
  readonly count: number
  readonly seed: string
  readonly choosePorts?: ChoosePorts | undefined
}

const triesMax = 3
/** How Java, Go, C and container engines say it. */
const takenText = new RegExp(
  'address already in use|EADDRINUSE|failed to listen|Could not create server TCP|' +
    'port is already allocated',
  'i',
)

/**
 * Starts a server with `startOn` on ports that were free a moment ago.
 *
 * @throws Trouble `port-taken` when the ports were taken on every try; else what `startOn` throws
 */
export async function onFreePorts<T>(
  { role, count, seed, choosePorts = holdPorts }: PortWish,
  startOn: (ports: readonly number[]) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const held = await choosePorts(count, `${seed}/${tries}`)
    await held.release()
    try {
      return await startOn(held.ports)
    } catch (error) {
      if (!takenText.test((error as Error).message)) throw error
      if (tries === triesMax) throw taken(role, held.ports, error)
    }
  }
}

function taken(role: string, ports: readonly number[], cause: unknown): Trouble {
  return new Trouble(
    'port-taken',
    `${role} needs port ${ports.join(', ')} of 127.0.0.1; it was taken in ${triesMax} tries`,
    'see what listens there (ss -ltnp); clean up leftovers: npm run chaos -- heal',
    cause,
  )
}
