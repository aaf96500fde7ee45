/**
 * The warden: a process that outlives its harness by a moment and cleans up after it. It waits
 * for the end of its standard input, which the kernel closes however the harness died, and then
 * sweeps the harness's ledger. It leads a session of its own, so that Ctrl-C does not reach it.
 *
 * Usage: node warden.ts <ledger file>
 */
import { systemClock } from '../../relay/world/clock.ts'
import { sweepLedger } from './ledger.ts'

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => undefined)
}

const file = process.argv[2]
if (file === undefined) throw new Error('the warden needs the ledger file as its argument')
for await (const _ of process.stdin);
await sweepLedger(systemClock, file)
