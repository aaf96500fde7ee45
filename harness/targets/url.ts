/** A target that runs somewhere already: it is looked at and loaded, never started or stopped. */
import { z } from 'zod'
import { withDeadline } from '../../relay/world/deadline.ts'
import { Trouble } from '../world/trouble.ts'
import type { World } from '../world/world.ts'
import { targetKind } from './kind.ts'
import { knownShape, knowOption, selectKnown, type KnownTiming } from './known-timing.ts'
import { sayAsked, untilReady, type Asked } from './readiness.ts'
import type { RunningTarget } from './target.ts'

/** A relay that runs already, at an http URL. */
export interface UrlTarget {
  readonly url: string
  readonly known?: KnownTiming
}

/** What runs already is ready, or about to be. */
const readyMsMax = 5_000
const httpPort = '80'

const nameOf = (spec: UrlTarget) => `relay at ${spec.url}`

export const url = targetKind({
  says: 'a running relay; the --stack file names what it reads',
  capabilities: {
    isConfigurable: false,
    hasProcess: false,
    takesDefects: false,
    isOurs: false,
    isOfStack: false,
  },
  target: {
    form: 'an http:// URL (no TLS)',
    isIt: (text) => addressIn(text) !== undefined,
  },
  options: { know: knowOption },
  parse: ({ target = '', know }): UrlTarget => ({
    url: `http://${addressIn(target)}`,
    ...selectKnown(know),
  }),
  name: nameOf,
  recorded: { url: z.string().exactOptional(), ...knownShape },
  record: (spec) => ({ ...spec }),
  start: (world, spec, { readyLimitMs }) => targetAt(world, spec, readyLimitMs),
})

/** Host and port of a URL of http. TLS is refused: neither clients nor samplers here speak it. */
function addressIn(text: string): string | undefined {
  const found = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = found?.protocol === 'http:' || found?.protocol === 'ws:'
  return isPlain && found.hostname !== '' ? found.host : undefined
}

/**
 * Takes a relay at an http or ws URL as the target.
 *
 * @throws Trouble `target-unready` if it is not ready in time
 */
async function targetAt(
  world: World,
  spec: UrlTarget,
  readyLimitMs = readyMsMax,
): Promise<RunningTarget> {
  const { hostname, port } = new URL(spec.url)
  const address = `${hostname}:${port || httpPort}`
  let last: Asked | undefined
  try {
    await withDeadline(world.clock, readyLimitMs, 'the target getting ready', (signal) =>
      untilReady(world.clock, address, signal, (asked) => (last = asked)),
    )
  } catch (error) {
    const found = last === undefined ? '' : `: ${sayAsked(last)}`
    throw new Trouble(
      'target-unready',
      `the relay at ${spec.url} is not ready${found}`,
      'start it, and check that its /readyz or /health answers 200 from this machine',
      error,
    )
  }
  return {
    says: nameOf(spec),
    address,
    process: undefined,
    stop: () => Promise.resolve(undefined),
  }
}
