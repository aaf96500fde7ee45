/**
 * A target: the relay under test. Whatever its kind (see the registry), one interface to it.
 */
import type { RelayService } from '../stack/stack.ts'
import type { Address } from '../stack/ways.ts'
import type { RelaySettings } from './timing.ts'

/** The relay's process, where the target is one that we started. */
export interface RelayProcess {
  readonly pid: number
  /** Waits for the end of the process. */
  kill(signal: 'SIGKILL' | 'SIGTERM', limitMs: number): Promise<{ code: number | null }>
  /**
   * Starts it again on the same port and waits until it is ready.
   *
   * @param environment variables added to its settings this time
   */
  start(limitMs: number, environment?: Readonly<Record<string, string>>): Promise<void>
  send(signal: 'SIGSTOP' | 'SIGCONT'): void
}

/** What we did to the relay's process, or what became of it. */
export type ProcessEdge = 'start' | 'signal' | 'exit'

/** What a relay is configured with: its servers, names, and settings. */
export interface TargetTask {
  readonly settings: RelaySettings
  readonly kafkaBrokers: readonly Address[]
  readonly redisUrl: string
  readonly topic: string
  readonly dlqTopic: string
  readonly groupId: string
}

/** How a target is started. */
export interface TargetStart extends TargetTask {
  /** Of a stack that runs the relay itself. */
  readonly service?: RelayService
  /** Where the target's own output goes. */
  readonly logFile: string
  /** How long it may take to become ready; default 30 s, 5 s for one that runs already. */
  readonly readyLimitMs?: number
  /** Called at every start and exit of the process, and at signals that ask it to end. */
  onProcess(pid: number, edge: ProcessEdge, code: number | null, signal: string | null): void
  /** Called with every line that it writes, without the secrets that it was given. */
  readonly onLine?: (line: string) => void
}

export interface RunningTarget {
  readonly says: string
  /** host:port of its HTTP and WebSocket server. */
  readonly address: Address
  /** Undefined for a target that is not ours to start and stop. */
  readonly process: RelayProcess | undefined
  /** Ends it: SIGTERM, then SIGKILL after the limit. The exit code shows whether it obeyed. */
  stop(): Promise<{ code: number | null; isKilled: boolean } | undefined>
}
