/** Starts (or takes) a target of any kind. */
import type { World } from '../world/world.ts'
import { targetAt } from './at-url.ts'
import { startSpawned } from './spawned.ts'
import type { RunningTarget, TargetSpec, TargetStart } from './target.ts'

/** Resolves once the target is ready. @throws Trouble that says what it lacked */
export async function startTarget(
  world: World,
  spec: TargetSpec,
  start: TargetStart,
): Promise<RunningTarget> {
  if (spec.kind === 'url') return targetAt(world, spec, start.readyLimitMs)
  return startSpawned(world, spec, start)
}
