/** The relay exits in order, but its clients get no close frame. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'v35-8',
  says: 'clients get no close frame when the relay shuts down',
  scenario: 'shutdown-is-graceful',
  rules: ['no-close-frame'],
  relay: (reference) => ({
    openOutlet(needs) {
      const outlet = reference.openOutlet(needs)
      const close = outlet.close.bind(outlet)
      outlet.close = (reason, after) => close(reason, reason === 'shutdown' ? undefined : after)
      return outlet
    },
  }),
}
export default defect
