/** The first words of a client, by which a relay knows it: true or not. */
import { createHash } from 'node:crypto'
import type { ClientGroup } from '../dsl/scenario.ts'
import { handshake, type Handshake } from './handshake.ts'

/** Who joins, and where. */
export interface Joiner {
  readonly number: number
  readonly group: string
  readonly url: string
  readonly token: string | undefined
  readonly spec: ClientGroup
}

/** The handshake of a client's attempt; each attempt has a key of its own. */
export function helloOf(joiner: Joiner, attempt: string): Handshake {
  const { url, group, number } = joiner
  const nonce = createHash('sha1').update(`${group}/${number}/${attempt}`).digest()
  return handshake(url, nonce.subarray(0, 16), headLines(joiner))
}

function headLines({ token, number, spec }: Joiner): string[] {
  const address = `10.${number >> 8}.${number & 255}.1`
  return [
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(spec.claims === undefined ? [] : [`X-Forwarded-For: ${address}`]),
  ]
}
