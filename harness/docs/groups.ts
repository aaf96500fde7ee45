/** Client groups and loads as sentences, for the catalogue. */
import type { Claim, ClientGroup } from '../fleet/group.ts'
import type { Load } from '../producer/load.ts'
import { sayBytes, sayNumber } from '../world/amounts.ts'

export const sayLoad = ({ recordsPerSecond, payloadBytes, threads }: Load): string =>
  recordsPerSecond === 0
    ? 'none'
    : `${sayNumber(recordsPerSecond)} records/s of ${sayBytes(payloadBytes)} in ${threads} threads`

const claimTexts = {
  'another-address': 'claim another address',
  'another-origin': 'are pages of another site',
  'another-name': 'are pages of a site whose name resolves to the relay',
} as const satisfies Record<Claim, string>

export function sayGroup(name: string, group: ClientGroup): string {
  const { bytesPerSecond, claims, count, isDirect, joins, reads, reconnects, resume } = group
  const habits = [
    reads === 'reference' ? 'decode and compare state' : `read ${reads}`,
    ...(bytesPerSecond === undefined ? [] : [`${sayBytes(bytesPerSecond)}/s`]),
    ...(resume === undefined ? [] : [`resume from ${resume}`]),
    ...(joins === 'later' ? ['join later'] : []),
    ...(reconnects === true ? ['reconnect'] : []),
    ...(isDirect === undefined ? [] : ['bypass the proxies']),
    ...(claims === undefined ? [] : [claimTexts[claims]]),
  ]
  return `${count} \`${name}\` (${habits.join(', ')})`
}
