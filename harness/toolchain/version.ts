/** Versions as programs print them, and their order. Pure. */

/** Major, minor, patch. */
export type Version = readonly [number, number, number]

/**
 * The first version in what a program printed: `openjdk version "17.0.15"`, `go1.26.8`, `v24.1`.
 * A lone number counts where it is all there is (`21`) or called a version (`version "21"`).
 * Undefined: there is none.
 */
export function findVersion(text: string): Version | undefined {
  const found =
    /version "(\d+)[-+"]/.exec(text) ??
    /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text) ??
    /^\s*v?(\d+)\s*$/.exec(text)
  if (found === null) return undefined
  return [Number(found[1]), Number(found[2] ?? 0), Number(found[3] ?? 0)]
}

/** Whether `version` is `least` or newer. */
export function isAtLeast(version: Version, least: Version): boolean {
  const at = version.findIndex((part, index) => part !== least[index])
  return at === -1 || (version[at] as number) > (least[at] as number)
}

/** `17.0.15` */
export function showVersion(version: Version): string {
  return version.join('.')
}
