/** A link is gone: connections end, and new ones are refused. */
import { defineLinkFault } from './link-fault.ts'

export const cut = defineLinkFault({
  name: 'cut',
  options: {},
  says: (_, link) => `${link} cut: connections end, new ones are refused`,
  does: ['severs'],
  toxics: () => [],
  isActive: (_, probed) => probed.outcome !== 'answered' && probed.outcome !== 'silent',
  isFreezing: true,
  draw: () => ({}),
})
