/**
 * The kinds of targets. A new kind is a file of its own and a line here: `TargetSpec`, the options
 * of `chaos run` with their help, and what a record holds of a target come from this table.
 */
import { z } from 'zod'
import type { DefectName } from '../defects/index.ts'
import { UsageError } from '../world/exit-codes.ts'
import { flagOf, givenOf, type OptionRow, type OptionRows } from '../world/option-rows.ts'
import type { World } from '../world/world.ts'
import { command } from './command.ts'
import { image } from './image.ts'
import type { Capabilities, Inherited, TargetKind } from './kind.ts'
import type { KnownTiming } from './known-timing.ts'
import { reference } from './reference.ts'
import type { RunningTarget, TargetStart } from './target.ts'
import { url } from './url.ts'

/** The first is what is judged where nothing is asked for. */
export const targetKinds = { reference, command, url, image } as const

type Kinds = typeof targetKinds
export type TargetKindName = keyof Kinds

/** A target as it is asked for. Data: a run of it can be repeated. */
export type TargetSpec = {
  readonly [K in TargetKindName]: { readonly kind: K } & ReturnType<Kinds[K]['parse']>
}[TargetKindName]

/** A kind, where it does not matter which. */
type AnyKind = TargetKind<OptionRows, object, z.ZodRawShape>

const kindNames = Object.keys(targetKinds) as [TargetKindName, ...TargetKindName[]]
const anyKind = (kind: TargetKindName): AnyKind => targetKinds[kind]

/** What may be done with a target. */
export const capabilitiesOf = ({ kind }: { readonly kind: TargetKindName }): Capabilities =>
  targetKinds[kind].capabilities

/** The mistake that was put back into a target, if it has one. */
export const defectOfTarget = (spec: TargetSpec): DefectName | undefined =>
  'defect' in spec ? spec.defect : undefined

/** What the user says of a target's settings. */
export const knownOfTarget = (spec: TargetSpec): KnownTiming =>
  ('known' in spec ? spec.known : undefined) ?? {}

/** One line for a report. */
export const sayTarget = (spec: TargetSpec): string => anyKind(spec.kind).name(spec)

/** Starts (or takes) a target; resolves once it is ready. @throws Trouble: what it lacked */
export async function startTarget(
  world: World,
  spec: TargetSpec,
  start: TargetStart,
): Promise<RunningTarget> {
  return anyKind(spec.kind).start(world, spec, start)
}

/** A target as the record of a run holds it: nothing that may be secret. */
export interface RecordedTarget {
  readonly kind: TargetKindName
  /** One line for people. */
  readonly says: string
  /** Of one that has a mistake put back: which. */
  readonly defect?: string
}

/** Reads what {@link recordedTarget} made, and refuses what a kind does not have. */
export const recordedTargetSchema: z.ZodType<RecordedTarget> = z
  .looseObject({ kind: z.enum(kindNames) })
  .superRefine((target, context) => {
    const shape = { kind: z.string(), says: z.string(), ...anyKind(target.kind).recorded }
    const { error } = z.strictObject(shape).safeParse(target)
    for (const { path, message } of error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: [...path], message })
    }
  })
  .transform((target) => target as unknown as RecordedTarget)

export function recordedTarget(spec: TargetSpec): RecordedTarget {
  const { kind, ...rest } = spec
  return { kind, ...anyKind(kind).record(rest), says: sayTarget(spec) }
}

/** Kinds that `--target` asks for. */
const named = kindNames.flatMap((kind) => {
  const { target, says } = anyKind(kind)
  return target === undefined ? [] : [{ ...target, kind, says }]
})

const sayNamed = named.map(({ form, says }) => `${form}: ${says}`).join('; or ')

/** Options of all kinds; one that several kinds have stands here once. */
export const targetOptions: OptionRows = {
  target: { is: 'text', takes: '<target>', says: sayNamed } satisfies OptionRow,
  ...Object.assign({}, ...kindNames.map((kind) => anyKind(kind).options)),
}

/** The given options that are in {@link targetOptions}. */
export type TargetOptions = Readonly<Record<string, unknown>> & { readonly target?: string }

/**
 * What the options together mean.
 *
 * @param inherited the environment of the harness
 * @throws UsageError for what no kind understands, or another one than what is asked for
 */
export function selectTarget(given: TargetOptions, inherited: Inherited = {}): TargetSpec {
  const kind = kindAskedFor(given)
  const { options } = anyKind(kind)
  for (const key of givenOf(targetOptions, given)) {
    if (key === 'target' || key in options) continue
    throw new UsageError(`${flagOf(key)} is for ${takers(key)}`)
  }
  return { kind, ...anyKind(kind).parse(given as object, inherited) } as TargetSpec
}

function kindAskedFor(given: TargetOptions): TargetKindName {
  const asking = kindNames.filter((kind) => {
    const { askedBy } = anyKind(kind)
    return askedBy !== undefined && given[askedBy] !== undefined
  })
  const [first] = asking
  if (asking.length + (given.target === undefined ? 0 : 1) > 1) {
    const flags = [...asking.map(askedFor), ...(given.target === undefined ? [] : ['--target'])]
    throw new UsageError(`give ${flags.join(' or ')}, not both`)
  }
  if (first !== undefined) return first
  const { target } = given
  if (target === undefined) return kindNames[0]
  const meant = named.find(({ isIt }) => isIt(target))
  if (meant !== undefined) return meant.kind
  const others = kindNames.filter((kind) => anyKind(kind).askedBy !== undefined).map(askedFor)
  const forms = named.map(({ form }) => form).join(' or ')
  const rest = `for a command use ${others.join(' or ')}`
  throw new UsageError(`--target must be ${forms}; got "${target}"; ${rest}`)
}

/** How a kind is asked for, as it is typed. */
export const askedFor = (kind: TargetKindName): string => {
  const { askedBy, target } = anyKind(kind)
  return askedBy === undefined ? `--target ${target?.form}` : flagOf(askedBy)
}

const takers = (key: string): string =>
  kindNames
    .filter((kind) => key in anyKind(kind).options)
    .map(askedFor)
    .join(' and ')
