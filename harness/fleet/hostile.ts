/**
 * Clients that say what no honest client says, one frame after the other. After each a ping shows
 * whether the relay still listens. Where it does not, every frame that was said on the connection
 * is a suspect, and is said again alone on a connection of its own: only what does it again is
 * to blame.
 */
import { sleep, type Clock } from '../../relay/world/clock.ts'
import { hostileFrames, type HostileFrame, type HostileTopic } from '../wire/hostile-frames.ts'
import { until } from '../world/until.ts'
import type { Client } from './client.ts'

/** How long a reaction may take, and how long a frame that is said alone is watched. */
const reactionLimitMs = 2_000
const reopenLimitMs = 2_000
/** Between frames, so that no limit on frames is met. */
const pauseMs = 10
/** What kills slowly has this long after the last frame. */
const lingerMs = 500
const pollMs = 2
/** From then on nothing new is said; what was not said is not judged. */
const speakLimitMs = 40_000
/** Suspects that are tried at a time: each takes a slot. */
const suspectsMax = 4
/** A last word that a reset took is given another chance to arrive. */
const triesMax = 3
const ping = Buffer.from('{"type":"ping"}')

/** What hostile speech needs of the fleet. */
export interface HostileStage {
  readonly clock: Clock
  readonly clients: readonly Client[]
  /** One more client of the group, with a connection of its own to come. */
  spawn(): Client
}

/** `answered`: the relay listens on. `silent`: it is there and does not answer. */
type Reaction = 'answered' | 'silent' | 'ended'

/** Every client says every frame that is about `about`; one that is not let in again stops. */
export async function sendHostileFrames(stage: HostileStage, about: HostileTopic): Promise<void> {
  const frames = hostileFrames.filter((frame) => frame.about === about)
  const untilMs = stage.clock.nowMs() + speakLimitMs
  // One after the other: when the whole relay ends, nothing else was said at that moment.
  for (const client of stage.clients) await speakAll({ ...stage, untilMs }, client, frames)
}

type TimedStage = HostileStage & { readonly untilMs: number }

const isLate = ({ clock, untilMs }: TimedStage) => clock.nowMs() >= untilMs
const mayStay = ({ expectedReaction }: HostileFrame) => expectedReaction === 'ignored'

async function speakAll(
  stage: TimedStage,
  client: Client,
  frames: readonly HostileFrame[],
): Promise<void> {
  // What was said on its connection about something else is no suspect.
  client.drop()
  const suspects = await sayInTurn(stage, client, frames.filter(mayStay))
  for (const candidates of suspects) await confirm(stage, candidates)
  for (const frame of frames.filter((one) => !mayStay(one))) await sayEnding(stage, frame)
}

/** @returns for each connection that did not outlive them, the frames that were said on it */
async function sayInTurn(
  stage: TimedStage,
  client: Client,
  frames: readonly HostileFrame[],
): Promise<(readonly HostileFrame[])[]> {
  const { clock } = stage
  const suspects: (readonly HostileFrame[])[] = []
  let said: HostileFrame[] = []
  for (const frame of frames) {
    if (!client.isOpen && said.length > 0) suspects.push(said.splice(0))
    if (isLate(stage) || !(await isThere(client))) return suspects
    said.push(frame)
    if ((await say(clock, client, frame, 'hostile')) !== 'silent') continue
    client.drop()
  }
  await until({ clock }, lingerMs, pollMs, () => !client.isOpen)
  return client.isOpen || said.length === 0 ? suspects : [...suspects, said]
}

/** The latest was said when it ended, and is the first to be tried. */
async function confirm(stage: TimedStage, candidates: readonly HostileFrame[]): Promise<void> {
  const waiting = candidates.toReversed()
  const confirmed = new Set<HostileFrame>()
  while (waiting.length > 0 && confirmed.size === 0 && !isLate(stage)) {
    const batch = waiting.splice(0, suspectsMax)
    const tried = batch.map(async (frame) => {
      if (await doesItAgain(stage, frame, () => confirmed.size > 0)) confirmed.add(frame)
    })
    await Promise.all(tried)
  }
}

/** Says a frame alone and watches it to the limit, or until another one was found out. */
async function doesItAgain(
  stage: TimedStage,
  frame: HostileFrame,
  isOver: () => boolean,
): Promise<boolean> {
  const client = stage.spawn()
  if (!(await isThere(client))) return false
  const reaction = await say(stage.clock, client, frame, 'hostile-alone')
  if (reaction === 'answered') {
    await until(stage, reactionLimitMs, pollMs, () => isOver() || !client.isOpen)
  }
  const isFound = reaction !== 'answered' || !client.isOpen
  await client.leave('reset')
  return isFound
}

/** A frame that ends the connection is said alone, and again where a reset took the answer. */
async function sayEnding(stage: TimedStage, frame: HostileFrame): Promise<void> {
  for (let tries = 0; tries < triesMax && !isLate(stage); tries += 1) {
    const client = stage.spawn()
    if (!(await isThere(client))) return
    const answers = client.stream.heard.answers
    const reaction = await say(stage.clock, client, frame, 'hostile-alone')
    const isTold = frame.code === undefined || client.stream.heard.answers > answers
    await client.leave('reset')
    if (reaction === 'silent' || isTold) return
  }
}

async function isThere(client: Client): Promise<boolean> {
  if (!client.isOpen) await client.open(reopenLimitMs)
  return client.isOpen
}

async function say(
  clock: Clock,
  client: Client,
  frame: HostileFrame,
  how: 'hostile' | 'hostile-alone',
): Promise<Reaction> {
  const before = { ...client.stream.heard }
  const { opcode, bytes } = frame.build()
  client.send(opcode, bytes, `${how}:${frame.name}`)
  if (!mayStay(frame)) {
    await until({ clock }, reactionLimitMs, pollMs, () => !client.isOpen)
    return client.isOpen ? 'silent' : 'ended'
  }
  client.send('text', ping, 'ping:json')
  const { heard } = client.stream
  const isAnswered = () =>
    heard.pongs > before.pongs && (!frame.isAnswered || heard.answers > before.answers)
  await until({ clock }, reactionLimitMs, pollMs, () => isAnswered() || !client.isOpen)
  client.stream.flush()
  await sleep(clock, pauseMs)
  if (!client.isOpen) return 'ended'
  return isAnswered() ? 'answered' : 'silent'
}
