/** Lag series of revoked partitions stay, with their last value. */
import type { LagSample } from '../../relay/lag/seam.ts'
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'v8-L3',
  says: 'the lag series of a revoked partition is kept',
  scenario: 'lag-gauge-is-correct',
  rules: ['revoked-series-stale'],
  relay: ({ lagSeries }) => {
    const kept = new Map<number, number>()
    return {
      lagSeries: {
        polled: (samples: readonly LagSample[]) => lagSeries.polled(samples),
        assigned: (partitions) => lagSeries.assigned(partitions),
        read() {
          for (const [partition, lag] of lagSeries.read()) kept.set(partition, lag)
          return kept
        },
      },
    }
  },
}
export default defect
