/**
 * A target: the relay under test. Three kinds, one interface: the reference relay (whole, or with
 * one defect), any command that honours the env contract, and a relay that runs somewhere already.
 */
import type { Address } from '../stack/stack.ts'
import type { RelaySettings } from '../dsl/scenario.ts'
import type { DefectName } from '../defects/index.ts'
import type { RelayProcess } from '../faults/fault.ts'

export type TargetSpec =
  | { readonly kind: 'reference'; readonly defect?: DefectName }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'url'; readonly url: string }

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
  /** Told of every start and exit of the process. */
  onProcess(pid: number, edge: 'start' | 'exit', code: number | null, signal: string | null): void
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
