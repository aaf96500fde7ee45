/**
 * Versions as programs print them, and their order, which is semver's. Finding one in what a
 * program says is ours: semver takes the first number that it meets, which may be an option's
 * (`Picked up JAVA_TOOL_OPTIONS: -Xmx512m`).
 */
import { coerce } from 'semver'
import { ask } from './program.ts'

export { gte as isAtLeast } from 'semver'

/**
 * The first version in what a program printed (`openjdk version "17.0.15"`, `go1.26.8`, `v24.1`),
 * as major.minor.patch. A lone number counts where it is all there is (`21`) or called a version
 * (`version "21"`). Undefined: there is none.
 */
export function findVersion(text: string): string | undefined {
  const found =
    /version "\d+[-+"]/.exec(text) ??
    /\d+\.\d+(?:\.\d+)?/.exec(text) ??
    /^\s*v?\d+\s*$/.exec(text)
  return coerce(found?.[0])?.version
}

/** The version that a program prints; undefined where it does not run or prints none. */
export async function askVersion(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  const answer = await ask(command, args, env)
  return answer.isRunnable ? findVersion(answer.text) : undefined
}
