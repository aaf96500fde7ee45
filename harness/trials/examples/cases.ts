/**
 * What each look must find of each example relay. One that is honest in every way in which it may
 * differ from ours passes every look; one that is wrong in one way fails the finding that is meant
 * for its mistake, by the rule that is meant for it, and no other that it does not touch.
 */
import type { FindingId } from '../../findings/findings.ts'
import type { LookName } from './looks.ts'
import { ways, wayNames, type Way } from './ways.ts'

/** Findings that fail, each with the rule or anomaly that must be among its reasons. */
export type Fails = Readonly<Partial<Record<FindingId | 'stream', string>>>

/** One relay in one look. */
export interface Case {
  readonly look: LookName
  readonly own: readonly Way[]
  readonly fails: Fails
  /** What its testimony must hold. */
  readonly testifies?: string
}

/** Played one after the other against one first contact. */
export interface Suite {
  readonly name: string
  readonly cases: readonly Case[]
}

/** Every way in which a relay may differ from ours. */
export const honestWays: readonly Way[] = wayNames.filter((way) => ways[way].is === 'honest')

const honest = (look: LookName, own = honestWays): Case => ({ look, own, fails: {} })
const wrong = (look: LookName, way: Way, fails: Fails): Case => ({ look, own: [way], fails })

/** The longest first. */
export const suites: readonly Suite[] = [
  {
    name: 'ends and loses its servers',
    cases: [
      honest('stopped'),
      wrong('stopped', 'ignores-sigterm', { 'v35-8': 'still-running' }),
      wrong('stopped', 'aborts-at-the-end', { 'v35-8': 'ended-badly' }),
      honest('cutOff'),
      wrong('cutOff', 'always-healthy', { 'own-2': 'outage-not-reported' }),
    ],
  },
  {
    name: 'forwards',
    cases: [
      honest('streamed'),
      honest('streamed', []),
      wrong('streamed', 'drops', { stream: 'lost' }),
      wrong('streamed', 'twice', { stream: 'duplicate' }),
      wrong('streamed', 'alters', { stream: 'garbled' }),
      wrong('streamed', 'gap-forged', { stream: 'gap-false' }),
      wrong('streamed', 'gap-needless', { stream: 'gap-needless' }),
      wrong('streamed', 'dead-letters-valid', { stream: 'valid-dead-lettered' }),
      { ...wrong('streamed', 'panics', { stream: 'stalled' }), testifies: 'byte index 236' },
    ],
  },
  {
    name: 'replays',
    cases: [
      wrong('streamed', 'caps', { 'M-748': 'capped-early', stream: 'gap-hidden' }),
      wrong('streamed', 'ignores-cursor', { stream: 'replay-beyond-request' }),
      wrong('streamed', 'hides-middle', { stream: 'gap-hidden' }),
      wrong('streamed', 'lies-of-replay', { 'M-748': 'fields-untrue' }),
      wrong('streamed', 'hangs-on-resume', { 'M-1114': 'not-answered', stream: 'gap-hidden' }),
      wrong('streamed', 'closes-resumers', {
        'M-1114': 'not-answered',
        stream: 'closed-without-cause',
      }),
      wrong('streamed', 'hangs-up', { stream: 'closed-without-cause' }),
      wrong('streamed', 'stops', { stream: 'stalled' }),
    ],
  },
  {
    name: 'puts aside and forgets',
    cases: [
      honest('put'),
      wrong('put', 'is-lenient', { 'own-1': 'leaked', stream: 'malformed-leaked' }),
      // What it might have forwarded and put nowhere is lost.
      wrong('put', 'loses-letters', { 'own-1': 'unaccounted', stream: 'lost' }),
      wrong('put', 'resets-nothing', { 'M-746': 'forgotten-replayed' }),
    ],
  },
  {
    name: 'reports its lag',
    cases: [
      honest('behind'),
      wrong('behind', 'freezes-lag', { 'v8-L3': 'gauge-frozen' }),
      wrong('behind', 'keeps-lag', { 'v8-L3': 'revoked-series-stale' }),
    ],
  },
  {
    name: 'gives its slots',
    cases: [
      honest('crowded'),
      wrong('crowded', 'leaks-slots', { '2X-32': 'new-client-refused' }),
      wrong('crowded', 'refuses-with-500', { 'M-702': 'new-client-failed' }),
    ],
  },
]

/** Relays that cannot be judged any further, and what first contact says about each. */
export const unexpectedRecords: readonly (readonly [way: Way, says: RegExp])[] = [
  ['closes-all', /it ended the connection after \d+ ms with code 1011/],
  ['sends-no-cursors', /a binary message of \d+ bytes came without a cursor before it/],
]
