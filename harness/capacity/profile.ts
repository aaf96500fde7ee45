/** Where the time of a relay went: the self time of a CPU profile, by whose code it was. */
import { readdir, readFile } from 'node:fs/promises'
import { z } from 'zod'

const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
    }),
  ),
  startTime: z.number(),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
})
export type CpuProfile = z.infer<typeof profileSchema>
type Frame = CpuProfile['nodes'][number]['callFrame']

/** A part of the time in which the processor was not idle. */
export interface ProfileShare {
  readonly group: string
  readonly share: number
  /** Its functions with the most self time. */
  readonly functions: readonly { readonly name: string; readonly share: number }[]
}

const functionsMax = 5
const writes = /^write(?:v|Buffer|Utf8String|Latin1String|AsciiString|Ucs2String)$/

/** Reads the one profile of the folder, without what was before `fromMs` of the shared clock. */
export async function readProfile(folder: string, fromMs: number): Promise<ProfileShare[]> {
  const file = (await readdir(folder)).find((name) => name.endsWith('.cpuprofile'))
  if (file === undefined) throw new Error(`the relay left no CPU profile in ${folder}`)
  const text = await readFile(`${folder}/${file}`, 'utf8')
  return sharesOf(profileSchema.parse(JSON.parse(text)), fromMs * 1_000)
}

/** Self time by group, the largest first. */
export function sharesOf(profile: CpuProfile, fromMicros: number): ProfileShare[] {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]))
  const groups = new Map<string, Map<string, number>>()
  let busy = 0
  let at = profile.startTime
  for (const [index, id] of profile.samples.entries()) {
    const micros = profile.timeDeltas[index] ?? 0
    at += micros
    const frame = frames.get(id)
    if (at < fromMicros || frame === undefined || frame.functionName === '(idle)') continue
    busy += micros
    const functions = groups.get(groupOf(frame)) ?? new Map<string, number>()
    const name = frame.functionName || '(anonymous)'
    functions.set(name, (functions.get(name) ?? 0) + micros)
    groups.set(groupOf(frame), functions)
  }
  return Array.from(groups, ([group, functions]) => groupShare(group, functions, busy)).toSorted(
    (a, b) => b.share - a.share,
  )
}

function groupShare(group: string, micros: Map<string, number>, busy: number): ProfileShare {
  const all = Array.from(micros, ([name, own]) => ({ name, share: own / busy }))
  return {
    group,
    share: all.reduce((sum, { share }) => sum + share, 0),
    functions: all.toSorted((a, b) => b.share - a.share).slice(0, functionsMax),
  }
}

function groupOf({ functionName, url }: Frame): string {
  if (functionName === '(garbage collector)') return 'garbage collector'
  if (url === '' && writes.test(functionName)) return 'socket writes'
  if (url === '') return 'runtime and kernel'
  if (url.startsWith('node:')) return 'Node'
  return /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? 'ours'
}
