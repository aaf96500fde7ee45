/**
 * The end of a run before its time: the user wants it, a process or server that the run stands on
 * is gone, or the history cannot be written. Whatever waits, waits with this signal.
 */
import { sleep, type Clock } from '../../relay/world/clock.ts'
import type { Journal } from '../history/journal.ts'
import { serverDied } from '../judge/own-evidence.ts'
import type { GoneServer } from '../stack/lookout.ts'
import type { Exit } from '../world/owned-child.ts'
import { lastWordsMs, lastWordsOf } from '../world/last-words.ts'

/** A process of the harness that is to live as long as the run. */
export interface Watched {
  readonly pid: number
  readonly ended: Promise<Exit>
  /** The end of what it wrote. */
  lastWords(): string
}

export interface Ending {
  readonly signal: AbortSignal
  /** Ends the run; the first reason is reported. */
  end(why: Error): void
  /** Ends the run when a process ends that was to go on. */
  watch(role: string, process: Watched): void
  /** Ends the run because a server is gone. */
  lose(server: GoneServer): void
  /** From here on processes may end: the run is over. */
  expectExits(): void
  /** Settles when all last log lines are in the history. */
  told(): Promise<void>
}

/** An ending that also follows the user's wish. */
export function openEnding(user: AbortSignal, clock: Clock, journal: Journal): Ending {
  const controller = new AbortController()
  const signal = AbortSignal.any([user, controller.signal])
  const telling: Promise<void>[] = []
  let isOver = false
  const end = (why: Error) => controller.abort(why)
  const lose = (role: string, says: () => string, exit?: Exit & { readonly pid: number }) => {
    const t = journal.now()
    if (exit !== undefined) {
      journal.write({
        kind: 'process',
        t,
        role,
        pid: exit.pid,
        edge: 'exit',
        code: exit.code,
        signal: exit.signal,
      })
    }
    end(new Error(says()))
    const told = sleep(clock, lastWordsMs).then(() =>
      journal.write({ kind: 'trouble', t, where: serverDied, what: says() }),
    )
    telling.push(told)
  }
  return {
    signal,
    end,
    watch(role, process) {
      const lost = (exit: Exit) =>
        lose(role, () => gone(role, exit, process.lastWords()), { ...exit, pid: process.pid })
      void process.ended.then((exit) => (isOver ? undefined : lost(exit)))
    },
    lose: (server) => lose(server.role, () => server.says(), server.exit),
    expectExits() {
      isOver = true
    },
    told: () => Promise.all(telling).then(() => undefined),
  }
}

const gone = (role: string, { code, signal }: Exit, lastWords: string) =>
  `The ${role}, a process of the harness, ended in the middle of the run ` +
  `(${signal ?? `code ${code}`}). ${lastWordsOf(lastWords)}`
