/**
 * The answering side of a child process: it answers every command that comes over its
 * channel, and ends with the channel, so that a conductor that was killed leaves nothing behind.
 */
import type { Clock } from '../../relay/world/clock.ts'
import type { Answer, Asked } from './asking.ts'

/** A process with a channel to its parent, as far as answering needs it. */
export type Answering = Pick<NodeJS.Process, 'connected' | 'send' | 'on' | 'exit'>

/**
 * Answers commands until the last one, which is `finish`: the process ends when that is answered.
 * Where it must end before, `leave` saves what it has.
 *
 * @param perform carries out a command; what it throws is the answer
 */
export function answerCommands(
  { clock, self = process }: { readonly clock: Clock; readonly self?: Answering },
  perform: (command: never) => Promise<unknown>,
  leave: () => void = () => undefined,
): void {
  const answer = (message: Answer<unknown>, isLast: boolean) => {
    if (!self.connected) return
    self.send?.(message, () => {
      if (isLast) self.exit(0)
    })
  }
  self.on('message', ({ id, command }: Asked<{ readonly do: string }>) => {
    const isLast = command.do === 'finish'
    perform(command as never).then(
      (status) => answer({ re: id, status, nowMs: clock.nowMs() }, isLast),
      (error: Error) => answer({ re: id, error: error.message }, isLast),
    )
  })
  const end = () => {
    leave()
    self.exit(0)
  }
  self.on('disconnect', end)
  self.on('SIGTERM', end)
  // Ctrl-C reaches every process of a terminal; the conductor decides when this one ends.
  self.on('SIGINT', () => undefined)
}
