/** The relay must not end by itself, whatever else is judged: a dead relay keeps no promise. */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { strikePhase } from '../history/windows.ts'
import type { Checker } from './checker.ts'
import { conclude } from './conclude.ts'
import { name as text } from './options.ts'
import { faultWord } from './stream/excuses.ts'

export interface StaysAliveOptions {
  /** Role of the process to watch; default `relay`. */
  readonly role?: string
}

const endingFaults = new Set(['kill-relay', 'restart-relay'])

export const staysAlive: Checker<StaysAliveOptions> = {
  says: 'The relay does not end by itself.',
  options: z.strictObject({ role: text.exactOptional() }),
  judge(history, { role: watched = 'relay' }) {
    const relay = history.events('process').filter(([, , role]) => role === watched)
    const answered = history.events('health').filter(([, , , status]) => status > 0).length
    const until = history.phase(strikePhase)?.begin ?? settledAt(history)
    const deaths = relay.filter(
      ([, t, , , edge]) => edge === 'exit' && t < until && !isWanted(history, t),
    )
    return conclude({
      violations: deaths.map(([, at, , pid, , code, signal]) => {
        const how = signal ?? `code ${code}`
        const says = `The ${watched} (process ${pid}) was to run on; it ended with ${how}.`
        return { rule: 'relay-died', says, at }
      }),
      holds: { rule: 'alive', says: 'The relay ran to the end.' },
      exercised: relay.length + answered,
      evidence: { processEvents: relay.length, healthAnswers: answered },
    })
  },
}

/** Where nobody wrote down when the stage was struck, the end of settling is the last word. */
const settledAt = (history: History): Micros =>
  history.phases.findLast(({ name }) => name === 'settle')?.end ?? Infinity

const isWanted = (history: History, t: Micros): boolean =>
  history.faults.some(
    (fault) => endingFaults.has(faultWord(fault)) && t >= fault.begin && t <= fault.end,
  )
