/** A client that answers no ping is not closed: only a failed write would end it. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-16',
  says: 'a silent client is never closed',
  scenario: 'connection-slots-are-released',
  rules: ['not-closed'],
  relay: (reference) => ({
    openOutlet(needs) {
      const outlet = reference.openOutlet(needs)
      const close = outlet.close.bind(outlet)
      outlet.close = (reason, after) => {
        if (reason !== 'ping_timeout') close(reason, after)
      }
      return outlet
    },
  }),
}
export default defect
