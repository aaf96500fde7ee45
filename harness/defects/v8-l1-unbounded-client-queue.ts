/** Every client has its own queue of copied records, without a bound. */
import type { Outlet, OutletNeeds } from '../../relay/stages/seam.ts'
import type { RelayDefect } from './defect.ts'

const sliceBytes = 65_536

const defect: RelayDefect = {
  part: 'relay',
  finding: 'v8-L1',
  says: 'each client has an unbounded queue of copied records',
  scenario: 'memory-stays-bounded',
  rules: ['ceiling', 'slope'],
  relay: (reference) => ({
    openOutlet: (needs) => unbounded(reference.openOutlet(needs), needs),
  }),
}
export default defect

/** Live records bypass the reference outlet; everything else still uses it. */
function unbounded(outlet: Outlet, { log, socket }: OutletNeeds): Outlet {
  const cursor = log.end()
  let isLive = false
  return {
    wake() {
      if (!isLive) return
      for (;;) {
        const slice = log.take(cursor, sliceBytes)
        if (slice === undefined) return
        socket.write(Buffer.from(slice.bytes))
        log.release(slice.segment)
      }
    },
    goLive() {
      isLive = true
    },
    control: (frame) => outlet.control(frame),
    fence: () => outlet.fence(),
    placeFence: (taken, cursors) => outlet.placeFence(taken, cursors),
    replay: (chunks) => outlet.replay(chunks),
    unfence: () => outlet.unfence(),
    sweep: (nowMs) => outlet.sweep(nowMs),
    get ordinal() {
      return log.ordinalOf(cursor)
    },
    get heldBytes() {
      return socket.writableLength
    },
    queuedBytes: 0,
    isPinning: false,
    isCrowded: false,
    close: (reason, after) => outlet.close(reason, after),
    abandon: () => outlet.abandon(),
  }
}
