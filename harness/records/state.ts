/**
 * The state of a thread as a pure function of (seed, thread, version), so that a diff, its hash
 * and the state that a client must end with can be computed anywhere without replaying the thread.
 *
 * It holds what breaks careless clients: floats that look like integers, -0.0, integers around
 * 2^53 and up to 2^64-1, keys whose UTF-8 order is not their UTF-16 order, keys that a JSON pointer
 * must escape. Texts are already canonical JSON: keys sorted, numbers as the hash requires.
 */
import { createHash } from 'node:crypto'
import { dice } from '../world/dice.ts'

/** A position in a thread: the seed, the thread, and how many patches made this state. */
export interface StateOf {
  readonly seed: string
  readonly thread: string
  /** 0 is the state that the thread starts with. */
  readonly version: number
  /** Adds integers beyond every double, as the malformed kind `big-integers` does. */
  readonly hasHuge?: boolean
}

/** One RFC 6902 operation; its value is JSON text, valid or not; a removal has none. */
export interface PatchOp {
  readonly op: 'add' | 'remove' | 'replace'
  readonly path: string
  readonly json?: string | Buffer
}

/** Integers that a double cannot hold, and the two that it just can. */
export const hugeIntegers =
  '[9007199254740991,9007199254740992,9007199254740993,9223372036854775807,18446744073709551615]'

const slots = 6
const ratios = ['0.1', '1.0', '2.5', '-0.0', '0.30000000000000004', '123456789012345.0'] as const
const roles = ['system', 'user', 'assistant', 'tool'] as const
const verbs = ['ranked', 'fetched', 'compared', 'summarised', 'rejected', 'translated'] as const
const things = ['documents', 'quotes "as is"', 'caf\u00E9s', 'rows\\n', '\u{1F6F0} passes'] as const
/** U+FF5A sorts before U+1F600 as UTF-8 and behind it as UTF-16. */
const fullwidth = '\uFF5A'
const astral = '\u{1F600}'

/** The state as canonical JSON text. */
export function stateText(at: StateOf): string {
  const { version, thread } = at
  const messages = Array.from({ length: slots }, (_, slot) => message(at, slot))
  return [
    `{"budget":${budget(version)}`,
    ...(at.hasHuge ? [`"huge":${hugeIntegers}`] : []),
    `"messages":[${messages.join(',')}]`,
    `"plan":{${version % 2 === 1 ? `"a/b~c":${version},` : ''}"next":"review"}`,
    `"ratio":${ratio(version)}`,
    `"recent":[${version - 2},${version - 1},${version}]`,
    `"step":${version}`,
    `"thread":${JSON.stringify(thread)}`,
    '"tiny":1.5e-7',
    `"tokens":${tokens(version)}`,
    `"${fullwidth}":1.0`,
    `"${astral}":${version}}`,
  ].join(',')
}

/** The operations that turn version - 1 into `version`; `hasHuge` adds the huge integers too. */
export function patchOps(at: StateOf): readonly PatchOp[] {
  const { version } = at
  const slot = version % slots
  return [
    replace('/budget', budget(version)),
    ...(at.hasHuge ? [{ op: 'add', path: '/huge', json: hugeIntegers } as const] : []),
    replace(`/messages/${slot}`, message(at, slot)),
    version % 2 === 1
      ? { op: 'add', path: '/plan/a~1b~0c', json: String(version) }
      : { op: 'remove', path: '/plan/a~1b~0c' },
    replace('/ratio', ratio(version)),
    { op: 'remove', path: '/recent/0' },
    { op: 'add', path: '/recent/-', json: String(version) },
    replace('/step', String(version)),
    replace('/tokens', tokens(version)),
    replace(`/${astral}`, String(version)),
  ]
}

const replace = (path: string, json: string): PatchOp => ({ op: 'replace', path, json })

/** SHA-256 of a canonical text: what a record's `state_hash` holds. */
export function hashOf(canonicalText: string): Buffer {
  return createHash('sha256').update(canonicalText).digest()
}

const budget = (version: number) => String(18_446_744_073_709_551_615n - BigInt(version))
const tokens = (version: number) => String(9_007_199_254_740_989n + BigInt(version))
const ratio = (version: number) => ratios[version % ratios.length] as string

/** Slot of the ring of messages: written last by the newest version that is `slot` modulo slots. */
function message({ seed, thread, version }: StateOf, slot: number): string {
  const age = (((version - slot) % slots) + slots) % slots
  const writtenAt = Math.max(0, version - age)
  const chance = dice(`${seed}/${thread}/message/${slot}/${writtenAt}`)
  const text = `${chance.pick(verbs)} ${chance.int(1_000_000)} ${chance.pick(things)}`
  return `{"role":"${chance.pick(roles)}","text":${JSON.stringify(text)}}`
}
