/**
 * Which schema versions a reader accepts. Decoding does not check: a relay forwards what it need
 * not understand, and a reader that must understand decides here.
 */
import { refuse, type Refusal } from './failures.ts'

/** The version that producers write today. */
export const SCHEMA_VERSION = 1

/** `exact`: ours only; `forward`: ours and newer; `backward`: ours and older; `any`: all. */
export type SchemaPolicy = 'exact' | 'forward' | 'backward' | 'any'

/** The effective version: producers before versions existed wrote none, which reads as 0. */
export function schemaVersionOf(wire: number): number {
  return wire === 0 ? 1 : wire
}

/** The refusal of a version that `policy` does not accept, or `undefined`. */
export function refuseSchema(wire: number, policy: SchemaPolicy): Refusal | undefined {
  const version = schemaVersionOf(wire)
  const isTaken = {
    exact: version === SCHEMA_VERSION,
    forward: version >= SCHEMA_VERSION,
    backward: version <= SCHEMA_VERSION,
    any: true,
  }[policy]
  if (isTaken) return undefined
  const found = `It has version ${version}; this reader accepts ${policy} ${SCHEMA_VERSION}.`
  return refuse('schema_version_mismatch', found)
}
