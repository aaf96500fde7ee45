/**
 * Records as bytes, by name, with what strict and compatible decoding must make of them. Codec,
 * relay, client and the malformed stimuli share them, so that all speak of the same bytes.
 *
 * A file is a description, two expectations and hexadecimal digits; the name is the file's.
 *
 *     # A plain event.
 *     # strict: event
 *     # compatible: event
 *     000a43…
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { DecodeFailure } from '../failures.ts'
import type { PayloadKind } from '../scan.ts'

/** A payload's kind, `none` for a valid record without payload, or the reason of the refusal. */
export type Outcome = PayloadKind | 'none' | DecodeFailure

export interface Vector {
  readonly name: string
  readonly story: string
  readonly strict: Outcome
  readonly compatible: Outcome
  readonly bytes: Buffer
}

/** The limit that the expectations hold for. */
export const vectorLimits = { payloadBytesMax: 1_048_576 } as const

const FILE = /^# (?<story>.+)\n# strict: (?<strict>\w+)\n# compatible: (?<compatible>\w+)\n/

/** All vectors, by name. */
export const vectors: ReadonlyMap<string, Vector> = readVectors()

/** The vector of this name; throws if there is none. */
export function vector(name: string): Vector {
  const found = vectors.get(name)
  if (!found) throw new Error(`no vector ${name}: see proto/vectors/`)
  return found
}

function readVectors(): Map<string, Vector> {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.hex'))
  return new Map(files.sort().map((file) => [file.slice(0, -4), readVector(file)]))
}

function readVector(file: string): Vector {
  const text = readFileSync(`${import.meta.dirname}/${file}`, 'utf8')
  const head = FILE.exec(text)
  const digits = text.slice(head?.[0].length ?? 0).replaceAll(/\s/g, '')
  if (!head?.groups || !/^(?:[0-9a-f]{2})*$/.test(digits)) {
    throw new Error(`${file}: wanted three lines of head and hexadecimal digits`)
  }
  const { story = '', strict, compatible } = head.groups
  return {
    name: file.slice(0, -4),
    story,
    strict: strict as Outcome,
    compatible: compatible as Outcome,
    bytes: Buffer.from(digits, 'hex'),
  }
}
