/** The replay deadline covers reading only; sending has none. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-809',
  says: 'the replay deadline covers reading the records, not sending them',
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
