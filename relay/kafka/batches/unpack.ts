/**
 * Unpacks what producers compressed: every codec of Kafka, each with a limit.
 *
 * Snappy and LZ4 by hand: packages with native code download binaries when they are installed, and
 * those in JavaScript trust the sender. Six bytes made snappyjs allocate 2 GiB, and it does not
 * know snappy-java's framing; lz4js silently cuts content above its limit, and takes 2.4 times as
 * long.
 */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { byRuntime } from './by-runtime.ts'
import { type UnpackFault, UnpackError } from './faults.ts'
import { unpackLz4 } from './lz4.ts'
import { unpackSnappy } from './snappy.ts'
import { unpackZstd } from './zstd.ts'

export interface Unpacked {
  readonly ok: true
  readonly bytes: Buffer
}
export interface NotUnpacked {
  readonly ok: false
  readonly fault: UnpackFault
  /** Completes "it cannot be unpacked: …". */
  readonly says: string
}
type Unpack = (packed: Buffer, bytesMax: number) => Buffer | Promise<Buffer>

/** By the codec number in the attributes of a batch. */
const codecs: Readonly<Record<number, { readonly name: string; readonly unpack: Unpack }>> = {
  0: { name: 'none', unpack: (packed) => packed },
  1: { name: 'gzip', unpack: byRuntime(promisify(gunzip)) },
  2: { name: 'snappy', unpack: unpackSnappy },
  3: { name: 'lz4', unpack: unpackLz4 },
  4: { name: 'zstd', unpack: unpackZstd },
}

export const codecName = (codec: number): string => codecs[codec]?.name ?? `codec ${codec}`

/** Never throws because of the bytes. */
export async function unpack(
  codec: number,
  packed: Buffer,
  bytesMax: number,
): Promise<Unpacked | NotUnpacked> {
  try {
    const known = codecs[codec]
    if (known === undefined) throw new UnpackError('unknown_codec', 'its codec is unknown')
    return { ok: true, bytes: await known.unpack(packed, bytesMax) }
  } catch (error) {
    if (!(error instanceof UnpackError)) throw error
    return { ok: false, fault: error.fault, says: error.message }
  }
}
