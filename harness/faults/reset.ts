/** Connections on a link are reset as soon as they carry data. */
import { defineLinkFault } from './link-fault.ts'

export const reset = defineLinkFault({
  name: 'reset',
  options: {},
  says: (_, link) => `connections on ${link} are reset as soon as they carry data`,
  does: [],
  toxics: () => [{ type: 'reset_peer', stream: 'downstream', attributes: { timeout: 0 } }],
  isActive: (_, probed) => probed.outcome === 'reset' || probed.outcome === 'ended',
  isFreezing: false,
  draw: () => ({}),
})
