/** Frames gathered into chunks: few writes, each bounded in bytes unless one frame is larger. */
export class Chunks {
  readonly #bytesMax: number
  #frames: Buffer[] = []
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Adds a frame; returns the chunk before it, if the frame does not fit into that. */
  add(frame: Buffer): Buffer | undefined {
    const isFull = this.#bytes > 0 && this.#bytes + frame.length > this.#bytesMax
    const chunk = isFull ? this.rest() : undefined
    this.#frames.push(frame)
    this.#bytes += frame.length
    return chunk
  }

  /** The last chunk; undefined when it is empty. */
  rest(): Buffer | undefined {
    const frames = this.#frames
    if (frames.length === 0) return undefined
    this.#frames = []
    this.#bytes = 0
    return frames.length === 1 ? frames[0]! : Buffer.concat(frames)
  }
}
