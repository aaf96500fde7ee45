/** Lag series of revoked partitions are set to 0 instead of removed. */
import type { LagSample } from '../../relay/lag/seam.ts'
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-33',
  says: 'the lag of a revoked partition is reported as 0',
  scenario: 'lag-gauge-is-correct',
  rules: ['revoked-series-kept'],
  relay: ({ lagSeries }) => {
    const zeroes = new Map<number, number>()
    return {
      lagSeries: {
        polled: (samples: readonly LagSample[]) => lagSeries.polled(samples),
        assigned: (partitions) => lagSeries.assigned(partitions),
        read() {
          const held = lagSeries.read()
          for (const partition of held.keys()) zeroes.set(partition, 0)
          return new Map([...zeroes, ...held])
        },
      },
    }
  },
}
export default defect
