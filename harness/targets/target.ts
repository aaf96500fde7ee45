/**
 * A target: the relay under test. Three kinds, one interface: the reference relay (whole, or with
 * one defect), any command that honours the env contract, and a relay that runs somewhere already.
 */
import type { Address } from '../stack/ways.ts'
import type { RelaySettings, Timing } from './timing.ts'
import type { DefectName } from '../defects/index.ts'

export type TargetSpec =
  | { readonly kind: 'reference'; readonly defect?: DefectName }
  | CommandTarget
  | { readonly kind: 'url'; readonly url: string; readonly known?: KnownTiming }

/** Settings of a relay as the user says that they are, in milliseconds or counts. */
export type KnownTiming = Readonly<Partial<Record<keyof Timing, number>>>

/** A relay that a command starts. */
export interface CommandTarget {
  readonly kind: 'command'
  /** The program and its arguments, with quotes as a shell has them. */
  readonly command: string
  /** A shell runs it; without one, the process that is started is the relay. */
  readonly isShell?: boolean
  /** Variables of its own, beside those of the contract, which they cannot override. */
  readonly env?: Readonly<Record<string, string>>
  /** What the user knows of its settings, where it does not report them. */
  readonly known?: KnownTiming
}

/** The relay's process, where the target is one that we started. */
export interface RelayProcess {
  readonly pid: number
  /** Waits for the end of the process. */
  kill(signal: 'SIGKILL' | 'SIGTERM', limitMs: number): Promise<{ code: number | null }>
  /**
   * Starts it again on the same port and waits until it is ready.
   *
   * @param environment what stands beside its settings this time
   */
  start(limitMs: number, environment?: Readonly<Record<string, string>>): Promise<void>
  send(signal: 'SIGSTOP' | 'SIGCONT'): void
}

/** What we did to the relay's process, or what became of it. */
export type ProcessEdge = 'start' | 'signal' | 'exit'

/** What a relay is told: its servers, names, and settings. */
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
  /** Where the target's own output goes. */
  readonly logFile: string
  /** How long it may take to become ready; default 30 s, 5 s for one that runs already. */
  readonly readyLimitMs?: number
  /** Told of every start and exit of the process, and of the signals that ask it to end. */
  onProcess(pid: number, edge: ProcessEdge, code: number | null, signal: string | null): void
  /** Told of every line that it writes, without the secrets that it was given. */
  readonly onLine?: (line: string) => void
}

export interface RunningTarget {
  readonly says: string
  /** host:port of its HTTP and WebSocket server. */
  readonly address: Address
  /** Undefined for a target that is not ours to start and stop. */
  readonly process: RelayProcess | undefined
  /** Ends it: SIGTERM, then SIGKILL after the limit. The exit code tells whether it obeyed. */
  stop(): Promise<{ code: number | null; isKilled: boolean } | undefined>
}

/** A target as a record holds it: without the values of variables, which may be secret. */
export function recordedTarget(spec: TargetSpec) {
  const says = sayTarget(spec)
  if (spec.kind !== 'command') return { ...spec, says }
  const { env = {}, ...rest } = spec
  return { ...rest, ...(spec.env !== undefined && { envNames: Object.keys(env) }), says }
}

/** One line for a report. */
export function sayTarget(spec: TargetSpec): string {
  switch (spec.kind) {
    case 'reference':
      return spec.defect === undefined ? 'reference relay' : `reference relay with ${spec.defect}`
    case 'command':
      return `command: ${spec.command}`
    case 'url':
      return `relay at ${spec.url}`
  }
}
