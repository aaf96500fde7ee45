/** A partition without progress for a while is reported as having no lag. */
import type { RelayDefect } from './defect.ts'

/** A quiet partition is one without a record for this long. */
const quietMs = 2_000

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-481',
  says: 'the lag of a partition without progress is reported as 0',
  scenario: 'lag-gauge-is-correct',
  rules: ['stuck-hidden'],
  relay: ({ lagSeries }) => ({
    lagSeries: {
      polled: (samples) =>
        lagSeries.polled(
          samples.map((sample) =>
            (sample.idleMs ?? 0) > quietMs ? { ...sample, position: sample.logEnd } : sample,
          ),
        ),
      assigned: (partitions) => lagSeries.assigned(partitions),
      read: () => lagSeries.read(),
    },
  }),
}
export default defect
