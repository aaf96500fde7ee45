/** Exit codes of the command line: each cause has its own, so that CI can distinguish them. */
export const exitCodes = {
  pass: { code: 0, says: 'every finding holds' },
  fail: { code: 1, says: 'a finding failed' },
  // A run in which nothing applies to the target has shown nothing.
  'not-applicable': { code: 2, says: 'no finding applies to this target' },
  unknown: { code: 2, says: 'inconclusive' },
  usage: { code: 64, says: 'usage error' },
  internal: { code: 70, says: 'internal error' },
} as const satisfies Record<string, { code: number; says: string }>

/** A command line that makes no sense; `message` says what was wanted and what was found. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
