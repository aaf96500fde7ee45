/** Stimuli, groups and loads as sentences, for the catalogue. */
import type { Claim, ClientGroup } from '../fleet/group.ts'
import type { Load } from '../producer/load.ts'
import type { Stimulus } from '../stimuli/stimulus.ts'
import { kindsOf } from '../conductor/plan.ts'
import { sayBytes, sayNumber } from './amounts.ts'
import { codes } from './markdown.ts'

type Kind = Stimulus['stimulus']
type Saying = { readonly [K in Kind]: (spec: Extract<Stimulus, { stimulus: K }>) => string }

const sayings: Saying = {
  malformed({ kinds, each }) {
    const all = kindsOf(kinds)
    const which = kinds === 'all' ? `all ${all.length} malformed kinds` : codes(all)
    return `${each} records of ${which}, between those of the load`
  },
  burst: ({ records }) => `a burst of ${records} records, as fast as the broker takes them`,
  transactions: ({ each }) =>
    `${each} pairs of transactions that lie over one another; of each one is given up, or both`,
  connect: (spec) => `the ${named(spec)} clients join`,
  disconnect: (spec) =>
    `the ${named(spec)} clients leave, ${spec.how === 'close' ? 'politely' : 'by a reset'}`,
  pings: (spec) =>
    `each ${named(spec)} client sends ${sayNumber(spec.each)} ` +
    (spec.kind === 'native' ? 'native pings' : '`ping` frames'),
  resume: (spec) => `each ${named(spec)} client asks for a replay from \`${spec.from}\``,
  reset: (spec) => `each ${named(spec)} client asks the relay to forget its replay buffer`,
  'hold-back': (spec) => `each ${named(spec)} client sends 1 MiB of text but for its last byte`,
  'abort-handshakes': (spec) =>
    `each ${named(spec)} client breaks ${sayNumber(spec.each)} handshakes off`,
  'hostile-frames': (spec) =>
    `each ${named(spec)} client sends every hostile frame about ${spec.about}`,
}

/** One sentence on what a stimulus sends, as Markdown. */
export const sayStimulus = (spec: Stimulus): string =>
  (sayings[spec.stimulus] as (spec: Stimulus) => string)(spec)

const named = ({ group }: { readonly group: string }) => `\`${group}\``

export const sayLoad = ({ recordsPerSecond, payloadBytes, threads }: Load): string =>
  recordsPerSecond === 0
    ? 'silence'
    : `${sayNumber(recordsPerSecond)} records/s of ${sayBytes(payloadBytes)} from ${threads} runs`

const claimTexts = {
  'another-address': 'claim another address',
  'another-origin': 'are pages of another site',
  'another-name': 'are pages of a site whose name leads here',
} as const satisfies Record<Claim, string>

export function sayGroup(name: string, group: ClientGroup): string {
  const { bytesPerSecond, claims, count, isDirect, joins, reads, reconnects, resume } = group
  const habits = [
    reads === 'reference' ? 'decode and compare state' : `read ${reads}`,
    ...(bytesPerSecond === undefined ? [] : [`${sayBytes(bytesPerSecond)}/s`]),
    ...(resume === undefined ? [] : [`resume from ${resume}`]),
    ...(joins === 'later' ? ['join later'] : []),
    ...(reconnects === true ? ['come back'] : []),
    ...(isDirect === undefined ? [] : ['go around the proxies']),
    ...(claims === undefined ? [] : [claimTexts[claims]]),
  ]
  return `${count} \`${name}\` (${habits.join(', ')})`
}
