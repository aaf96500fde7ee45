/**
 * The clients of every random schedule. Some are there throughout and must have everything in the
 * end; some come and go as those of a page do; some are guests of a single part.
 */
import type { ClientGroup } from '../fleet/group.ts'
import type { StimulusName } from '../stimuli/registry.ts'

/** Clients of one address that are let in: all of ours and some of the probe. */
export const connectionsMax = 14

export const fleet = {
  staying: { count: 2, reads: 'fast', reconnects: true },
  decoding: { count: 1, reads: 'reference', reconnects: true },
  slow: {
    count: 1,
    reads: 'slow',
    bytesPerSecond: 100_000,
    reconnects: true,
    joins: 'later',
    // A proxy between would hold for it what it is to miss.
    isDirect: true,
  },
  /** They come back with their cursors while faults are active. */
  returning: { count: 3, reads: 'fast', reconnects: true, joins: 'later', leavesEveryMs: 1_500 },
  newcomers: { count: 2, reads: 'fast', reconnects: true, resume: 'earliest', joins: 'later' },
  hostile: { count: 2, reads: 'fast', joins: 'later', isDirect: true },
  /** One more than there is room for: it shows how many slots are free. */
  probe: { count: connectionsMax + 1, reads: 'fast', joins: 'later', isDirect: true },
} as const satisfies Readonly<Record<string, ClientGroup>>
export type RandomGroup = keyof typeof fleet

/** Groups that are there while anything happens, and gone when all is counted. */
export const passing: readonly RandomGroup[] = ['returning', 'slow']

/** Groups that come for one part and leave after it. */
export const guests: readonly RandomGroup[] = ['newcomers', 'hostile']

/** Whose links are broken: those of clients that are sure to be there, so that it can be seen. */
export const steadyGroups: readonly RandomGroup[] = ['staying', 'decoding']

const groupsOf: Readonly<Partial<Record<StimulusName, readonly RandomGroup[]>>> = {
  connect: ['newcomers'],
  disconnect: ['returning'],
  pings: ['staying', 'decoding', 'returning'],
  'hold-back': ['hostile'],
  'abort-handshakes': ['hostile'],
  'hostile-frames': ['hostile'],
}

/** Groups that a stimulus may act on. */
export const groupsForStimulus = (name: StimulusName): readonly RandomGroup[] =>
  groupsOf[name] ?? steadyGroups
