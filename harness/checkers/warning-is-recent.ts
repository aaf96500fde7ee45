import { z } from 'zod'
import { signalNames, type SignalName } from '../targets/signals.ts'
import type { Checker } from './checker.ts'
import { milliseconds, name, type PhaseName } from './options.ts'

export interface WarningIsRecentOptions<P extends string = string> {
  /** The lifetime counter whose rise is the trouble, such as `droppedTotal`. */
  readonly trouble: SignalName
  /** The window in which the trouble is made. */
  readonly phase: PhaseName<P>
  /** Text that marks the warning within the alert; default is any alert at all. */
  readonly alert?: string
  /** How long the target remembers trouble. */
  readonly windowMs: number
  /** Slack for coming and going; default 3 s. */
  readonly slackMs?: number
  /** Trouble within the window above which a warning is due; default 10. */
  readonly above?: number
}

export const warningIsRecent: Checker<WarningIsRecentOptions> = {
  says: 'A warning is there during trouble and gone after its window.',
  options: z.strictObject({
    trouble: z.enum(signalNames),
    phase: name,
    alert: name.exactOptional(),
    windowMs: milliseconds,
    slackMs: milliseconds.exactOptional(),
    above: z.number().nonnegative().exactOptional(),
  }),
  judge: () => { throw new Error('not there yet') },
}
