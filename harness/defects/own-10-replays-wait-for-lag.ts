/** A replay waits for a poll of the lag, whose questions come one by one and within a second. */
import { systemClock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import type { RelayDefect } from './defect.ts'

const pollMs = 1_000

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-10',
  says: 'no replay begins before a poll of the lag was answered within a second',
  scenario: 'distant-kafka-is-usable',
  rules: ['not-answered'],
  relay() {
    let isPolled = false
    return {
      lagQuestions: {
        async poll(ask) {
          // Twice what is asked side by side takes as long as all of it one by one.
          const oneByOne = () => ask().then(ask)
          const answer = await withDeadline(systemClock, pollMs, 'a poll of the lag', oneByOne)
          isPolled = true
          return answer
        },
        get mayReplay() {
          return isPolled
        },
      },
    }
  },
}
export default defect
