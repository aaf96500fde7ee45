/** A replay is read under its deadline as a whole, and then sent without any. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-809',
  says: 'the deadline of a replay is over before the first byte of it is sent',
  scenario: 'replays-end-in-time',
  rules: ['replay-goes-on'],
  relay: ({ replayGate: gate }) => ({
    replayGate: {
      pass: (chunks, address, onRefused) => gate.pass(readFirst(chunks), address, onRefused),
      get underWay() {
        return gate.underWay
      },
    },
  }),
}
export default defect

async function* readFirst(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const all: Buffer[] = []
  for await (const bytes of chunks) all.push(bytes)
  yield* all
}
