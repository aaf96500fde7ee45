/** A replay waits for a lag poll, which asks one by one and must be done within 1 s. */
import { systemClock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import type { RelayDefect } from './defect.ts'

const pollMs = 1_000

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-10',
  says: 'no replay starts before a lag poll was answered within 1 s',
  scenario: 'distant-kafka-is-usable',
  rules: ['not-answered'],
  relay() {
    let isPolled = false
    return {
      lagQuestions: {
        async poll(ask) {
          // Two rounds of parallel requests take about as long as all of them one by one.
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
