/** A target that runs somewhere already: it is looked at and loaded, never started or stopped. */
import { sayTarget, type RunningTarget, type TargetSpec } from './target.ts'

/** Takes a relay at an http(s) or ws(s) URL as the target; refuses what is no such URL. */
export function targetAt(spec: Extract<TargetSpec, { kind: 'url' }>): RunningTarget {
  const url = new URL(spec.url.replace(/^ws/, 'http'))
  return {
    says: sayTarget(spec),
    address: `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`,
    process: undefined,
    stop: () => Promise.resolve(undefined),
  }
}
