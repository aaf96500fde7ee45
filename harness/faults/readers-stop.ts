/**
 * Clients that stop reading. The kernel's buffers and the proxy's fill up first, about 4 MB a
 * client on Linux's defaults; only then does the relay's write wait.
 */
import type { FaultKind } from './fault.ts'
import { measureFrozen } from './link-faults.ts'

export const readersStop: FaultKind<'readers-stop'> = {
  says: (spec) => `the ${spec.group} clients stop reading`,
  async inject(spec, stage) {
    await stage.setReading(spec.group, true)
    return {
      async bites() {
        const frozen = await measureFrozen(spec.group, stage)
        return { isBiting: frozen.isFrozen, evidence: frozen }
      },
      async heal() {
        await stage.setReading(spec.group, false)
        return { group: spec.group }
      },
    }
  },
}
