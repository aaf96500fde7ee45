/** Time in which the relay itself was paused counts as silence of its clients. */
import type { RelayDefect } from './defect.ts'

/** No sweep is this late unless the whole process was paused. */
const pauseMs = 2_000

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-3',
  says: 'after a pause clients are closed before what they sent meanwhile is read',
  scenario: 'pause-closes-no-client',
  rules: ['closed-meanwhile'],
  relay: (reference) => ({
    openOutlet(needs) {
      const outlet = reference.openOutlet(needs)
      const sweep = outlet.sweep.bind(outlet)
      let sweptMs = Infinity
      outlet.sweep = (nowMs) => {
        if (nowMs - sweptMs > pauseMs) outlet.close('ping_timeout')
        sweptMs = nowMs
        sweep(nowMs)
      }
      return outlet
    },
  }),
}
export default defect
