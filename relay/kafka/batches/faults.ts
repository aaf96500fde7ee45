/** Why compressed bytes cannot be unpacked. */
export type UnpackFault = 'too_large' | 'corrupt' | 'unknown_codec'

/** Thrown by the decoders of this folder only; `unpack` turns it into a value. */
export class UnpackError extends Error {
  readonly fault: UnpackFault

  constructor(fault: UnpackFault, says: string) {
    super(says)
    this.fault = fault
  }
}

export const corrupt = (says: string): UnpackError => new UnpackError('corrupt', says)
export const tooLarge = (bytesMax: number): UnpackError =>
  new UnpackError('too_large', `it is longer than ${bytesMax} bytes`)
