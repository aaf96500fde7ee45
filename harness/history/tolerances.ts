/**
 * The precision of measuring: sampling intervals, and by how much an observation may differ from
 * the truth although the relay is right. What a relay itself is allowed is not a tolerance: it is
 * in harness/checkers/reading/allowances.ts, or in a scenario.
 *
 * It is beside the history because that is the lowest folder that knows of measurements:
 * samplers, checkers, judge and conductor read it, and none of them may import the others.
 */

/** How often each sampler asks. What happens between two samples is not known. */
export const samplingMs = {
  health: 250,
  metrics: 500,
  memory: 500,
  /** The shorter, the narrower the bounds of the true value in between. */
  lagTruth: 500,
  readiness: 1_000,
  /** Prometheus evaluates rules once a second. */
  alerts: 500,
} as const

/** Longest wait for a page; a target that is silent for this long did not answer. */
export const answerLimitMs = 2_000

/** By how much two views of one run may differ. */
export const tolerances = {
  /** The edges of a window, seen by polls. */
  windowEdgeMicros: 1_000_000,
  /** A poll of the target takes time, and so does the scrape that shows what it found. */
  pollAndScrapeMicros: 1_000_000,
  /** /health reports whole seconds, rounded down. */
  wholeSecondMicros: 1_000_000,
  /** Two pages are not asked at the same time. */
  pagesApartMicros: 1_500_000,
  /** An age in a page, against what clients and broker show. */
  ageMs: 1_500,
  /** A commit takes a request, and the broker is asked once a second. */
  commitSeenLateMs: 1_500,
  /** Between two samples of the group's state. */
  groupSampleMicros: 2_000_000,
  /** A counter's rise shows in a later scrape. */
  riseSeenLateMs: 3_000,
  /** So does an alert that ends. */
  alertEndSeenLateMs: 3_000,
  /** A change of an alert shows in a later scrape, evaluation and poll. */
  alertChangeSeenLateMs: 2_500,
  /** A client is counted by one side a little before the other, when it comes and when it goes. */
  countedApartMicros: 300_000,
  /** The end of a connection is seen this much later than its cause; proxies forward it. */
  endSeenLateMicros: 2_000_000,
  /** Data in buffers is read before the end of the connection is seen. */
  drainMicros: 15_000_000,
  /** A flood is recorded when it is over, which may be after the connection. */
  floodWrittenLateMicros: 15_000_000,
  /** Around a fault: what was in flight when it began. */
  faultEdgeMicros: 2_000_000,
  /** Clients of one group connect within this; records in flight then may count as missed. */
  joiningMicros: 2_000_000,
  /** A record sent this shortly before a replay request may still come live. */
  liveBeforeRequestMicros: 2_000_000,
  /** A record acknowledged this shortly before the end may be in flight. */
  underWayAtEndMicros: 1_000_000,
  /** A client that got records this shortly before the end is late; the rest may still come. */
  stillFedMicros: 500_000,
  /** Records sent before a silence may be acknowledged this late after its start. */
  ackedLateMicros: 1_000_000,
  /** A relay's clock starts slightly before ours, and may be coarser. */
  otherClockMicros: 500_000,
} as const

/** What kernels and proxies between the relay and a client that does not read can hold. */
export const wayBytes = {
  /** More than was measured with Linux's defaults before a write waits. */
  swallowedMax: 6 * 1_048_576,
  /** This much owed to one client cannot be only in buffers outside: it has reached the relay. */
  reachesRelay: 16 * 1_048_576,
} as const

/** Limits above which the harness itself was too slow or too busy for its evidence to count. */
export const ownEvidence = {
  /** A process of the harness that is paused for longer cannot time others. */
  standstillMsMax: 2_000,
  /** Share of the samples that a sampler may have left out because it came too late. */
  missedShareMax: 0.2,
  /** With few samples a share is not meaningful. */
  samplesMin: 10,
  /** Bytes that wait to be read by a fleet that cannot keep up. */
  backlogBytesMax: 64 * 1_024 * 1_024,
  /**
   * A window of this length in which the target waited for a processor for more than this share.
   * On two processors without other load it waits for up to two thirds while a run is busy; beside
   * eight busy loops it waited for nine tenths.
   */
  waitedWindowMicros: 5_000_000,
  waitedShareMax: 0.8,
  /** Share of all CPUs above which a waiting process delays itself. */
  ownUseShareMax: 0.5,
  /** Share of the planned load that must have been produced. */
  loadShareMin: 0.8,
  /** Share of records that the producer itself may have dropped. */
  droppedShareMax: 0.01,
} as const
