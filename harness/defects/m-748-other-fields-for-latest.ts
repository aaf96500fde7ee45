/** The frame that ends a replay names a field differently when the replay started at the newest. */
import type { RelayDefect } from './defect.ts'

const usual = '"totalReplayed"'
/** Padded, so that the frame keeps its length. */
const other = '"replayed"'.padEnd(usual.length)

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-748',
  says: '`replay_complete` of a replay from `latest` has `replayed` instead of `totalReplayed`',
  scenario: 'replay-joins-live',
  rules: ['fields-missing'],
  relay: ({ replayGate: gate }) => ({
    replayGate: {
      pass: (chunks, address, onRefused) => renamed(gate.pass(chunks, address, onRefused)),
      get underWay() {
        return gate.underWay
      },
    },
  }),
}
export default defect

async function* renamed(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const bytes of chunks) {
    const at = bytes.includes('"mode":"latest"') ? bytes.indexOf(usual) : -1
    if (at >= 0) bytes.write(other, at, 'latin1')
    yield bytes
  }
}
