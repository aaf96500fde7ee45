/**
 * Polls a relay all the time, from a thread that does nothing else, and reports how much CPU time
 * its event loop used between a request and the answer. Wall time does not measure a loop on a
 * shared machine; CPU time does, because a loop that answers between two turns uses no more than
 * one or two turns meanwhile.
 */
import { readFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock as clock } from '../../relay/world/clock.ts'
import type { Taken, WatchOrder, WatchSays } from './watch-protocol.ts'

const { pid, address, turnMsMax } = workerData as WatchOrder
const port = parentPort!

const restMs = 10
const tickMs = 5
/** A tick of ours that comes so late may have left an answer unread for as long. */
const ownLateMs = 20

const fresh = (): Taken => ({
  slowestTurnMs: 0, slowestMs: 0, rssBytesMax: 0, asked: 0, voided: 0,
})

interface Question {
  readonly cpuMs: number
  readonly atMs: number
  /** For how long this thread stood still since, in which the relay may have done other work. */
  lateMs: number
  isReported: boolean
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
let taken = fresh()
let open: Question | undefined

/**
 * What a piece of work of always the same size takes this thread. Where others use the same caches
 * and the same core, all work takes more, and the relay is not to blame for that.
 */
const sample = new Uint32Array(1 << 16)
function ownWorkMicros(): number {
  const before = process.threadCpuUsage().user
  let sum = 0
  for (let round = 0; round < 8; round += 1) {
    for (let at = 0; at < sample.length; at += 1) sum = (sum * 31 + sample[at]!) | 0
  }
  sample[0] = sum
  return process.threadCpuUsage().user - before
}
const bestMicros = Math.min(...Array.from({ length: 40 }, ownWorkMicros))

/** How many times slower than at its best this machine is now. */
const slowness = () =>
  Math.max(1, Math.min(...Array.from({ length: 3 }, ownWorkMicros)) / Math.max(1, bestMicros))

/** What its main thread burnt so far; NaN once there is no such process. */
function cpuMs(): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  } catch {
    return NaN
  }
}

function rssBytes(): number {
  try {
    const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return Number(found?.[1] ?? 0) * 1_024
  } catch {
    return 0
  }
}

const say = (says: WatchSays) => port.postMessage(says, [])

function ask(): void {
  open = { cpuMs: cpuMs(), atMs: clock.nowMs(), lateMs: 0, isReported: false }
  get(`http://${address}/livez`, { agent }, (answer) => {
    answer.resume()
    answer.on('end', settle)
    answer.on('error', settle)
  }).on('error', settle)
}

function settle(): void {
  const question = open
  if (question === undefined) return
  look(question)
  open = undefined
  taken.asked += 1
  if (question.lateMs > 0) taken.voided += 1
  taken.rssBytesMax = Math.max(taken.rssBytesMax, rssBytes())
  clock.after(restMs, ask)
}

/**
 * CPU time of the loop since the request, reported immediately if it is too much. While this thread
 * was paused the loop may have answered and gone on, so that time is subtracted.
 */
function look(question: Question): void {
  if (question.isReported) return
  const burntMs = cpuMs() - question.cpuMs - question.lateMs
  const turnMs = burntMs > turnMsMax ? burntMs / slowness() : burntMs
  taken.slowestMs = Math.max(taken.slowestMs, clock.nowMs() - question.atMs)
  if (!(turnMs > taken.slowestTurnMs)) return
  taken.slowestTurnMs = turnMs
  if (turnMs <= turnMsMax) return
  question.isReported = true
  say({ is: 'standing', turnMs })
}

let tickedMs = clock.nowMs()
clock.every(tickMs, () => {
  const nowMs = clock.nowMs()
  const lateMs = nowMs - tickedMs - tickMs
  if (open !== undefined && lateMs > ownLateMs) open.lateMs += lateMs
  tickedMs = nowMs
  if (open !== undefined) look(open)
})

port.on('message', () => {
  taken.rssBytesMax = Math.max(taken.rssBytesMax, rssBytes())
  say({ is: 'taken', taken })
  taken = fresh()
})
ask()
