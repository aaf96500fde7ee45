/** What a command gets: a clock, an abort signal, the environment, and a screen. */
import type { Clock } from '../../relay/world/clock.ts'

/** Where text goes. `isTerminal` decides whether a line may be overwritten. */
export interface Screen {
  write(text: string): void
  readonly isTerminal: boolean
  readonly hasColours: boolean
  readonly columns: number
}

export interface CommandWorld {
  readonly clock: Clock
  /** Aborts when the user wants to stop. */
  readonly signal: AbortSignal
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: Screen
}
