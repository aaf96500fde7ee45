/** Unpacks with the runtime, off the event loop. */
import { corrupt, tooLarge } from './faults.ts'

/** The runtime stops unpacking at the limit, and allocates no more than that. */
export function byRuntime(
  work: (packed: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>,
): (packed: Buffer, bytesMax: number) => Promise<Buffer> {
  return async (packed, bytesMax) => {
    if (bytesMax < 1) throw tooLarge(bytesMax)
    try {
      return await work(packed, { maxOutputLength: bytesMax })
    } catch (error) {
      const { code, message } = error as Error & { readonly code?: string }
      throw code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(bytesMax) : corrupt(message)
    }
  }
}
