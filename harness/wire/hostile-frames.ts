/**
 * Control frames that no honest client sends, and the reaction that each requires. The rule behind
 * all of them: a frame ends no connection but its sender's, whose slot must then be released.
 *
 * Malformed resumes ask `from: latest`, so that the answer is short.
 */

/** One WebSocket message as it goes on the wire; a text frame need not be valid text. */
export interface Frame {
  readonly opcode: 'text' | 'binary'
  readonly bytes: Buffer
}

/**
 * What makes a frame hostile: multi-byte characters where a careless cut would be, more entries
 * than a resume may name, or anything else.
 */
export const hostileTopics = ['multi-byte', 'limits', 'nonsense'] as const
export type HostileTopic = (typeof hostileTopics)[number]

/**
 * `ignored`: the connection goes on as if the frame had not been sent, and the next ping is
 * answered;
 * `error`: an error frame with `code` comes, then the end of the connection; `closed`: the end of
 * the connection without an error frame.
 */
export type FrameReaction = 'ignored' | 'error' | 'closed'

export interface HostileFrame {
  readonly name: string
  readonly says: string
  readonly about: HostileTopic
  readonly expectedReaction: FrameReaction
  /** The `code` of the error frame, where one is owed. */
  readonly code?: string
  /** A resume that any parser can read is answered: by an end of the replay, or by an error. */
  readonly isAnswered?: true
  /** Builds the frame; the large ones live only while they are sent. */
  build(): Frame
}

/** Largest control frame of the protocol, and the most entries of a resume. */
const textBytesMax = 1_048_576
const partitionsMax = 1_024
const threadsMax = 10_000
const euro = '\u20AC'

const text = (content: string): Frame => ({ opcode: 'text', bytes: Buffer.from(content) })
const resume = (more: Record<string, unknown>): Frame =>
  text(JSON.stringify({ type: 'resume', from: 'latest', ...more }))
/** A resume whose offset for partition 0 is the JSON text `offset`. */
const resumeAt = (offset: string): Frame =>
  text(`{"type":"resume","from":"latest","lastOffsetsByPartition":{"0":${offset}}}`)
const entries = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [String(at), '0']))

const ignored = (name: string, says: string, build: () => Frame): HostileFrame => ({
  name,
  says,
  about: name.includes('multi-byte') ? 'multi-byte' : 'nonsense',
  expectedReaction: 'ignored',
  build,
})
const answered = (name: string, says: string, build: () => Frame): HostileFrame => ({
  ...ignored(name, says, build),
  isAnswered: true,
})
const refused = (name: string, code: string, says: string, build: () => Frame): HostileFrame => ({
  name,
  says,
  about: code.startsWith('RESUME_TOO_MANY') ? 'limits' : 'nonsense',
  expectedReaction: 'error',
  code,
  build,
})

const malformedText: readonly HostileFrame[] = [
  refused('oversize-text', 'CONTROL_FRAME_TOO_LARGE', 'A text one byte above the limit.', () =>
    text(`{"type":"ping","pad":"${'x'.repeat(textBytesMax - 23)}"}`),
  ),
  {
    name: 'bad-utf8',
    says: 'A text frame that is not UTF-8: RFC 6455 requires closing the connection.',
    about: 'nonsense',
    expectedReaction: 'closed',
    build: () => ({
      opcode: 'text',
      bytes: Buffer.from('{"type":"\u00C3\u0028\u00FF"}', 'latin1'),
    }),
  },
  ignored('invalid-json', 'A text that is not JSON.', () => text('{"type":"ping"')),
  ignored('invalid-json-multi-byte', 'Not JSON, with a character across byte 100.', () =>
    text(euro.repeat(40)),
  ),
  ignored('empty-text', 'An empty text.', () => text('')),
  ignored('binary', 'A binary frame; clients send only text.', () => ({
    opcode: 'binary',
    bytes: Buffer.from('{"type":"ping"}'),
  })),
  ignored('json-number', 'JSON that is not an object.', () => text('42')),
  ignored('json-null', 'The JSON null, which is an object to typeof.', () => text('null')),
  ignored('json-array', 'An array.', () => text('[{"type":"ping"}]')),
  ignored('deep-json', '100,000 nested arrays.', () =>
    text(`{"type":"later","a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
  ),
  ignored('no-type', 'An object without a type.', () => text('{}')),
  ignored('type-not-text', 'A type that is a number.', () => text('{"type":1}')),
  ignored('unknown-type', 'A type of a future protocol.', () => text('{"type":"later"}')),
  ignored('unknown-type-multi-byte', 'A type of 90,000 bytes of multi-byte text.', () =>
    text(JSON.stringify({ type: euro.repeat(30_000) })),
  ),
  ignored('prototype-type', 'A type that every object inherits.', () =>
    text('{"type":"constructor"}'),
  ),
]

const malformedResume: readonly HostileFrame[] = [
  refused(
    'resume-partitions',
    'RESUME_TOO_MANY_PARTITIONS',
    'A resume that names one partition too many.',
    () => resume({ lastOffsetsByPartition: entries(partitionsMax + 1) }),
  ),
  refused('resume-threads', 'RESUME_TOO_MANY_THREADS', 'A resume of one thread too many.', () =>
    resume({ mode: 'thread', lastSequencesByThread: entries(threadsMax + 1) }),
  ),
  answered('resume-negative', 'An offset below 0.', () => resumeAt('"-1"')),
  answered('resume-fraction', 'An offset of one and a half.', () => resumeAt('1.5')),
  answered('resume-exponent', 'An offset as 1e3.', () => resumeAt('1e3')),
  answered('resume-beyond-int64', 'An offset of 2^63.', () => resumeAt('"9223372036854775808"')),
  // Some parsers reject the number, and with it the whole text.
  ignored('resume-beyond-double', 'An offset of 400 digits.', () => resumeAt('9'.repeat(400))),
  answered('resume-boolean', 'An offset of true.', () => resumeAt('true')),
  answered('resume-null-offset', 'An offset of null.', () => resumeAt('null')),
  answered('resume-spaces', 'An offset with spaces around it.', () => resumeAt('" 42 "')),
  answered('resume-map-null', 'Offsets that are null.', () =>
    resume({ lastOffsetsByPartition: null }),
  ),
  answered('resume-map-array', 'Offsets that are an array.', () =>
    resume({ lastOffsetsByPartition: ['0', '0'] }),
  ),
  answered('resume-partition-multi-byte', 'A partition with a character across byte 128.', () =>
    resume({ lastOffsetsByPartition: { [euro.repeat(50)]: '1' } }),
  ),
  answered('resume-offset-multi-byte', 'An offset with a character across byte 128.', () =>
    resume({ lastOffsetsByPartition: { 0: euro.repeat(50) } }),
  ),
  answered('resume-partition-prototype', 'Partitions that every object inherits.', () =>
    text('{"type":"resume","from":"latest","lastOffsetsByPartition":{"__proto__":"1"}}'),
  ),
  answered('resume-partition-beyond-int32', 'A partition of 2^31.', () =>
    resume({ lastOffsetsByPartition: { 2147483648: '0' } }),
  ),
]

/** All hostile frames. Names are unique; the order is free. */
export const hostileFrames: readonly HostileFrame[] = [...malformedText, ...malformedResume]
