/** A target that runs somewhere already: it is looked at and loaded, never started or stopped. */
import { withDeadline } from '../../relay/world/deadline.ts'
import { Trouble } from '../world/trouble.ts'
import type { World } from '../world/world.ts'
import { sayAsked, untilReady, type Asked } from './readiness.ts'
import { sayTarget, type RunningTarget, type TargetSpec } from './target.ts'

/** What runs already is ready, or about to be. */
const readyMsMax = 5_000
const httpPort = '80'

/**
 * Takes a relay at an http or ws URL as the target.
 *
 * @throws Trouble `target-unready` where it does not say in time that it is ready
 */
export async function targetAt(
  world: World,
  spec: Extract<TargetSpec, { kind: 'url' }>,
  readyLimitMs = readyMsMax,
): Promise<RunningTarget> {
  const url = new URL(spec.url)
  const address = `${url.hostname}:${url.port || httpPort}`
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
      'start it, and see that its /readyz or /health answers 200 from this machine',
      error,
    )
  }
  return {
    says: sayTarget(spec),
    address,
    process: undefined,
    stop: () => Promise.resolve(undefined),
  }
}
