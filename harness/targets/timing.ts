/** What a scenario asks of its target's settings, and the values that its times come from. */
import type { Settings } from '../../relay/tables/settings.ts'

/** Settings that a scenario asks of its target, in the house's units. */
export type RelaySettings = Partial<Settings>

/** Settings that the environment contract gives every relay; all in milliseconds or counts. */
type CommonTiming = Pick<
  Settings,
  | 'sendTimeoutMs'
  | 'replayTimeoutMs'
  | 'healthWindowMs'
  | 'healthStaleMs'
  | 'lagIntervalMs'
  | 'lagWindowMs'
  | 'lagDisconnectRecords'
  | 'connectionsPerIpMax'
>
/** Settings that a relay may lack; undefined if it was not stated for this target. */
type OwnTiming = Pick<
  Settings,
  | 'pingIntervalMs'
  | 'commitIntervalMs'
  | 'kafkaSessionTimeoutMs'
  | 'ringRecordsMax'
  | 'replayMemoryRecordsMax'
  | 'replayRecordsMax'
>
/** The effective values that times may be derived from; see `timingOf` for who is believed. */
export type Timing = CommonTiming & {
  readonly [K in keyof OwnTiming]: OwnTiming[K] | undefined
}
