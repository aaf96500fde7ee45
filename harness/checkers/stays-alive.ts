/** The relay must not exit by itself in any run: a dead relay keeps no promise. */
import { z } from 'zod'
import type { Health, Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { checker } from './checker.ts'
import { tearDownPhase, does } from '../history/windows.ts'
import { conclude, many, seconds, type Doubt } from './reading/conclude.ts'
import { name as text } from './options.ts'

const schema = z.strictObject({
  /** Role of the process to watch; default `relay`. */
  role: text.exactOptional(),
})

export const staysAlive = checker({
  says: 'The relay does not exit by itself.',
  options: schema,
  judge(history, { role: watched = 'relay' }) {
    const relay = history.events('process').filter(({ role }) => role === watched)
    const polls = watched === 'relay' ? history.events('health') : []
    const answered = polls.filter(([, , , status]) => status > 0).length
    const until = history.phase(tearDownPhase)?.begin ?? settledAt(history)
    const deaths = relay.filter(
      ({ t, edge }) => edge === 'exit' && t < until && !isWanted(history, t),
    )
    const asked = relay.filter(({ t, edge }) => edge === 'exit' && isWanted(history, t)).length
    return conclude({
      violations: deaths.map(({ t: at, pid, code, signal }) => {
        const how = signal ?? `code ${code}`
        const says =
          `The ${watched} (process ${pid}) exited with ${how} ${seconds(at)} into the run by ` +
          'itself.'
        return { rule: 'relay-died', says, at }
      }),
      doubts: [
        relay.length > 0 ? undefined : lastAnswer(watched, polls.filter(([, t]) => t < until)),
      ],
      holds: {
        rule: 'alive',
        says:
          relay.length > 0
            ? `The ${watched} did not exit by itself${faulted(asked)}.`
            : `GET /health was answered ${many(answered, 'time')}, to the end of the run.`,
      },
      exercised: relay.length + answered,
      counted: 'answers of /health and process events',
      evidence: { processEvents: relay.length, healthAnswers: answered },
    })
  },
})

const faulted = (times: number): string =>
  times === 0 ? '' : `; a fault of the run ended it ${many(times, 'time')}`

/** Of a process that the harness did not start, only answers show that it runs. */
function lastAnswer(watched: string, polls: readonly Health[]): Doubt | undefined {
  const last = polls.at(-1)
  if (last === undefined) {
    const fix = 'see why the target was neither started nor polled'
    return { rule: 'nothing-exercised', says: `The ${watched} was never seen.`, fix }
  }
  if (last[3] > 0) return undefined
  const lastOk = polls.findLast(([, , , status]) => status > 0)
  const since = lastOk === undefined ? 'at all' : `after ${seconds(lastOk[1])}`
  return {
    rule: 'not-seen',
    says: `The harness did not start the relay, and /health gave no answer ${since}.`,
    fix: 'check whether the target still runs',
  }
}

/** If the history has no start of the tear-down, the end of settling counts. */
const settledAt = (history: History): Micros =>
  history.phases.findLast(({ name }) => name === 'settle')?.end ?? Infinity

const isWanted = (history: History, t: Micros): boolean =>
  history.faults.some(
    (fault) => does(fault, 'ends-relay') && t >= fault.begin && t <= fault.end,
  )
