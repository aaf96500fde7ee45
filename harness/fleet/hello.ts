/** The first words of a client, by which a relay knows it: true or not. */
import { createHash } from 'node:crypto'
import type { Claim, ClientGroup } from './group.ts'
import { handshake, type Handshake } from '../wire/handshake.ts'

/** Who joins, and where. */
export interface Joiner {
  readonly number: number
  readonly group: string
  readonly url: string
  /** The relay's own host:port, where the way to it is another. */
  readonly host?: string | undefined
  readonly token: string | undefined
  readonly spec: ClientGroup
}

/** The handshake of a client's attempt; each attempt has a key of its own. */
export function helloOf(joiner: Joiner, attempt: string): Handshake {
  const { url, group, number } = joiner
  const nonce = createHash('sha1').update(`${group}/${number}/${attempt}`).digest()
  return handshake(url, nonce.subarray(0, 16), headLines(joiner), hostOf(joiner))
}

/** A site that does not exist: the name is reserved for examples. */
const anotherSite = 'page.elsewhere.example'

/** The name that the relay is asked for by: a proxy of ours in between is nothing to it. */
const hostOf = ({ host, spec }: Joiner) => (spec.claims === 'another-name' ? anotherSite : host)

const claimOf = (claim: Claim, address: string) =>
  claim === 'another-address' ? `X-Forwarded-For: ${address}` : `Origin: http://${anotherSite}`

function headLines({ token, number, spec }: Joiner): string[] {
  const address = `10.${number >> 8}.${number & 255}.1`
  return [
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(spec.claims === undefined ? [] : [claimOf(spec.claims, address)]),
  ]
}
