/** What a client that does not decode asks for, and what it must remember for it. */

export type ResumeFrom = 'earliest' | 'latest' | 'cursor'

/** The text that asks for a replay; a cursor belongs to the epoch that the relay reported last. */
export function resumeRequest(
  from: ResumeFrom,
  cursor: Iterable<readonly [partition: number, offset: number]>,
  epoch: string | undefined,
): string {
  const offsets = Array.from(cursor, ([partition, offset]) => [partition, String(offset)] as const)
  const lastOffsetsByPartition = from === 'cursor' ? Object.fromEntries(offsets) : {}
  const resume = { type: 'resume', mode: 'partition', from, lastOffsetsByPartition }
  return JSON.stringify(from === 'cursor' ? { ...resume, epoch } : resume)
}

/** The epoch in a control frame, if there is one; most frames are not even parsed. */
export function epochOf(text: string): string | undefined {
  if (!text.includes('"epoch"')) return undefined
  const { epoch } = JSON.parse(text) as { readonly epoch?: unknown }
  return typeof epoch === 'string' ? epoch : undefined
}
