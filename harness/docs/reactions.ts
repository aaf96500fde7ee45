/** Malformed records and hostile frames with their expected reactions, for the catalogue. */
import type { FrameReaction, HostileFrame } from '../wire/hostile-frames.ts'
import type { ClientReaction, Malformed, RelayReaction } from '../records/malformed.ts'
import { code, codes, paragraph, prose, table } from './markdown.ts'

export function printMalformed(kinds: Readonly<Record<string, Malformed>>): readonly string[] {
  const cells = Object.entries(kinds).map(([name, { says, relay, client, because }]) => [
    code(name),
    prose(says),
    sayRelay(relay),
    sayClient(client),
    prose(because),
  ])
  return [
    ...paragraph(
      `${cells.length} kinds. Each record is accounted for one by one. Some are valid and only`,
      'look malformed: they must not be refused. In brackets: the accepted values of `error_type`',
      "in the dead letter, or of the client's reason for refusal.",
    ),
    ...table(['kind', 'what it is', 'the relay', 'the client', 'why'], cells),
  ]
}

function sayRelay(reaction: RelayReaction): string {
  if (reaction.does === 'dead-letters') {
    const says = `dead-letters it (${codes(reaction.errorTypes)})`
    return reaction.mayForward === true ? `${says} or forwards it` : says
  }
  return reaction.does === 'forwards' ? 'forwards it' : 'counts it as missing'
}

function sayClient(reaction: ClientReaction): string {
  if (reaction.does === 'refuses') return `refuses it (${codes(reaction.reasons)})`
  if (reaction.does === 'quarantines') return `quarantines it (${codes(reaction.reasons)})`
  return reaction.does === 'applies' ? 'applies it' : 'never sees it'
}

const frameReactions: Readonly<Record<FrameReaction, string>> = {
  ignored: 'stays connected and answers the next ping',
  error: 'answers with an error, then closes the connection',
  closed: 'closes the connection',
}

export function printHostileFrames(frames: readonly HostileFrame[]): readonly string[] {
  const cells = frames.map((frame) => [
    code(frame.name),
    prose(frame.says),
    code(frame.about),
    sayFrameReaction(frame),
  ])
  return [
    ...paragraph(
      `${cells.length} control frames that no honest client sends. None of them may end any`,
      'connection but its own, and a connection that ends must release its slot.',
    ),
    ...table(['frame', 'what it is', 'about', 'the relay'], cells),
  ]
}

function sayFrameReaction({ expectedReaction, code: error, isAnswered }: HostileFrame): string {
  const says = frameReactions[expectedReaction]
  if (error !== undefined) return `${says}: ${code(error)}`
  return isAnswered ? `${says}; the resume is answered` : says
}
