/** Frames gathered into chunks: few writes, each bounded in bytes but for a larger frame. */
export class Chunks {
  readonly #bytesMax: number
  #frames: Buffer[] = []
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Takes the next frame; returns the chunk that has no room for it, if there is one. */
  add(frame: Buffer): Buffer | undefined {
    const isFull = this.#bytes > 0 && this.#bytes + frame.length > this.#bytesMax
    const chunk = isFull ? this.rest() : undefined
    this.#frames.push(frame)
    this.#bytes += frame.length
    return chunk
  }

  /** What is left; undefined when nothing is. */
  rest(): Buffer | undefined {
    const frames = this.#frames
    if (frames.length === 0) return undefined
    this.#frames = []
    this.#bytes = 0
    return frames.length === 1 ? frames[0]! : Buffer.concat(frames)
  }
}
