/**
 * The frame that ends a replay has one form for every kind of resume, and its numbers match what
 * arrived. Only answered replays are judged: whether they are answered and complete is judged
 * elsewhere.
 *
 * A relay may send live records between a request and its replay. Records sent at about the time of
 * the request may be either, so the numbers have that tolerance and no more.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import { tolerances } from '../history/tolerances.ts'
import { allowances } from './reading/allowances.ts'
import { checker } from './checker.ts'
import { cannotTell, conclude, many, type Violation } from './reading/conclude.ts'
import { count, groupRefs, type OptionsOf } from './options.ts'
import {
  firstArrivalsOf,
  hadBefore,
  replayedIn,
  replaysOf,
  resetsOf,
  sentBy,
  type FirstArrivals,
  type Frame,
  type Replay,
} from './reading/replays.ts'

const { storedMicros } = allowances
const { liveBeforeRequestMicros } = tolerances

const schema = z.strictObject({
  groups: groupRefs,
  /** Fewest replay ends, and fewest records in all, to judge by. */
  replaysMin: count,
  recordsMin: count,
  /** The target's limit of records in one replay; without it `capped` cannot be judged. */
  recordsMax: count.optional(),
})
export type ReplayEndIsCorrectOptions = OptionsOf<typeof schema>

/** What `replay_complete` holds in every mode. */
const fields = ['totalReplayed', 'mode', 'lastOffsetsByPartition', 'capped'] as const

export const replayEndIsCorrect = checker({
  says: 'The frame that ends a replay has one form, and its numbers match what arrived.',
  options: schema,
  judge(history, { groups, replaysMin, recordsMin, recordsMax }) {
    const replays = replaysOf(history).filter(({ group }) => groups.includes(group))
    const fix = 'see in the verdict on the stream why clients request no replay, or get no end'
    if (replays.length === 0) return cannotTell('no-replay', 'No client requested a replay.', fix)
    const ended = replays.filter(({ complete }) => complete !== undefined)
    const records = ended.reduce((sum, replay) => sum + replayedIn(replay), 0)
    const firsts = firstArrivalsOf(history)
    const capped = ended.filter(({ complete }) => complete?.['capped'] === true)
    return conclude({
      violations: ended.flatMap((replay) => [
        ...missingFields(replay),
        ...untrueFields(history, firsts, replay),
        ...cappedEarly(replay, recordsMax),
      ]),
      doubts: [
        ended.length < replaysMin || records < recordsMin
          ? {
              rule: 'too-little',
              says:
                `At least ${many(replaysMin, 'replay')} with ${many(recordsMin, 'record')} must ` +
                `end; of ${replays.length} requested, ${ended.length} with ` +
                `${many(records, 'record')} did.`,
              fix,
            }
          : undefined,
        capped.length > 0 && recordsMax === undefined
          ? {
              rule: 'limit-unknown',
              says:
                `${many(capped.length, 'replay')} said "capped"; the limit of this target is not ` +
                'known.',
              fix: 'give the limit of the target with --know replayRecordsMax=…',
            }
          : undefined,
      ],
      holds: {
        rule: 'end-is-correct',
        says:
          `${many(ended.length, 'replay')} with ${many(records, 'record')} ended with a ` +
          `replay_complete whose ${fields.slice(0, -1).join(', ')} and ${fields.at(-1)} are right.`,
      },
      exercised: ended.length,
      counted: 'replay ends',
      evidence: {
        replays: replays.length,
        ended: ended.length,
        records,
        capped: capped.length,
      },
    })
  },
})

function missingFields({ client, from, complete, end }: Replay): Violation[] {
  const missing = fields.filter((field) => complete?.[field] === undefined)
  if (missing.length === 0) return []
  const says =
    `replay_complete of a resume from ${from} must have ${fields.join(', ')}; ` +
    `client ${client} got it without ${missing.join(', ')}.`
  return [{ rule: 'fields-missing', says, at: end }]
}

function untrueFields(history: History, firsts: FirstArrivals, replay: Replay): Violation[] {
  const { client, from, complete = {}, end } = replay
  if (missingFields(replay).length > 0) return []
  const came = cameIn(history, replay)
  return [
    ...untrueTotal(complete, came),
    ...untrueWords(complete, from),
    ...untrueOffsets(history, firsts, replay, came),
  ].map((what) => {
    const says = `After a resume from ${from}, client ${client} got a wrong replay_complete: `
    return { rule: 'fields-untrue', says: `${says}${what}.`, at: end }
  })
}

/** What arrived between request and end: surely by the replay, or perhaps live. */
interface Came {
  readonly records: number
  readonly perhapsLive: number
  /** By partition the highest offset, and the highest of those that surely were replayed. */
  readonly highest: ReadonlyMap<number, { readonly all: number; readonly replayed: number }>
}

function cameIn(history: History, { askedAt, runs, garbled }: Replay): Came {
  const { records } = history.stream()
  const highest = new Map<number, { all: number; replayed: number }>()
  let perhapsLive = 0
  const see = (partition: number, offset: number) => {
    const known = records.get(partition)
    const index = known?.indexOf(offset) ?? -1
    const sentAt = index < 0 ? undefined : known?.sentAt[index]
    const mayBeLive = sentAt === undefined || sentAt >= askedAt - liveBeforeRequestMicros
    if (mayBeLive) perhapsLive += 1
    const before = highest.get(partition) ?? { all: -1, replayed: -1 }
    highest.set(partition, {
      all: Math.max(before.all, offset),
      replayed: mayBeLive ? before.replayed : Math.max(before.replayed, offset),
    })
  }
  for (const { partition, first, last } of runs) {
    for (let offset = first; offset <= last; offset += 1) see(partition, offset)
  }
  for (const [partition, offset] of garbled) see(partition, offset)
  return { records: replayedIn({ runs, garbled } as Replay), perhapsLive, highest }
}

function untrueTotal({ totalReplayed }: Frame, { records, perhapsLive }: Came): string[] {
  const isRight =
    Number.isSafeInteger(totalReplayed) &&
    Number(totalReplayed) <= records &&
    Number(totalReplayed) >= records - perhapsLive
  if (isRight) return []
  const wanted =
    perhapsLive === 0 ? `${records}` : `${records - perhapsLive} to ${records}`
  return [`${wanted} replayed records arrived, totalReplayed is ${show(totalReplayed)}`]
}

function untrueWords({ mode, from: also, capped }: Frame, from: string): string[] {
  const isMode = mode === from || (mode === 'partition' && (also === undefined || also === from))
  return [
    ...(isMode ? [] : [`"${from}" was requested, mode is ${show(mode)}`]),
    ...(typeof capped === 'boolean' ? [] : [`capped is ${show(capped)}, not true or false`]),
  ]
}

/** Partitions without replayed records may be reported as well, up to the end of their log. */
function untrueOffsets(
  history: History,
  firsts: FirstArrivals,
  replay: Replay,
  { highest }: Came,
): string[] {
  const { complete = {}, end, askedAt, from } = replay
  const told = offsetsOf(complete['lastOffsetsByPartition'])
  if (told === undefined) {
    const found = show(complete['lastOffsetsByPartition'])
    return [`lastOffsetsByPartition must be offsets by partition; it is ${found}`]
  }
  const logEnds = sentBy(history, end)
  const reset = Math.max(-Infinity, ...resetsOf(history).filter(({ askedAt: at }) => at <= end)
    .map(({ doneAt }) => doneAt))
  const known = from === 'latest' ? hadBefore(history, firsts, askedAt - storedMicros, reset) : []
  const least = new Map(known)
  for (const [partition, { replayed }] of highest) {
    if (replayed >= 0) least.set(partition, Math.max(replayed, least.get(partition) ?? -1))
  }
  const partitions = new Set([...told.keys(), ...least.keys()])
  return [...partitions].flatMap((partition) => {
    const lowest = least.get(partition) ?? -1
    const came = highest.get(partition)
    const isOfReplay = came !== undefined && came.replayed >= 0
    const to = isOfReplay ? came.all : (logEnds.get(partition) ?? -1)
    const found = told.get(partition)
    if (found !== undefined && found >= lowest && found <= to) return []
    const offsets = lowest === to ? `${to}` : `${Math.max(0, lowest)} to ${to}`
    const wanted = to < 0 ? 'nothing' : offsets
    const says = found === undefined ? 'nothing' : String(found)
    const field = 'lastOffsetsByPartition'
    return [`${field} must be ${wanted} for partition ${partition}; it is ${says}`]
  })
}

/** Undefined where they are not offsets by partition. */
function offsetsOf(value: unknown): ReadonlyMap<number, number> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const entries = Object.entries(value).map(([name, at]): readonly [number, number] => {
    const isOffset = typeof at === 'number' || (typeof at === 'string' && /^-?\d+$/.test(at))
    return [Number(name), isOffset ? Number(at) : NaN]
  })
  return entries.some((pair) => pair.some(Number.isNaN)) ? undefined : new Map(entries)
}

function cappedEarly({ client, complete, end, ...replay }: Replay, max?: number): Violation[] {
  if (complete?.['capped'] !== true || max === undefined) return []
  const came = replayedIn({ client, complete, end, ...replay })
  if (came >= max) return []
  const says =
    `A replay must not be capped before ${max} records; client ${client} got ${came} and ` +
    '`capped`.'
  return [{ rule: 'capped-early', says, at: end }]
}

const show = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 120)
