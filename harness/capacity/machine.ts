/** What the whole machine did in a measurement: whether its numbers are of the relay or of it. */
import { readFile } from 'node:fs/promises'

/** Processor time of all processors, in one unit. */
export interface MachineTimes {
  readonly all: number
  readonly busy: number
  /** Processor time that the host gave to others while a process here wanted it. */
  readonly stolen: number
}

/** Since the start of the machine; undefined where there is no /proc/stat. */
export async function machineTimes(): Promise<MachineTimes | undefined> {
  const text = await readFile('/proc/stat', 'latin1').catch(() => undefined)
  return text === undefined ? undefined : readMachineTimes(text)
}

/** Reads the text of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. */
export function readMachineTimes(text: string): MachineTimes | undefined {
  const times = /^cpu +(.+)$/m.exec(text)?.[1]?.split(' ').slice(0, 8).map(Number)
  if (times === undefined || times.length < 8) return undefined
  const all = times.reduce((sum, one) => sum + one, 0)
  const [, , , idle = 0, waiting = 0, , , stolen = 0] = times
  return { all, stolen, busy: all - idle - waiting - stolen }
}

/** What was added from one reading to the next. */
export const timesBetween = (from: MachineTimes, to: MachineTimes): MachineTimes => ({
  all: to.all - from.all,
  busy: to.busy - from.busy,
  stolen: to.stolen - from.stolen,
})

export function sumOfTimes(times: readonly MachineTimes[]): MachineTimes {
  const sum = (key: keyof MachineTimes) => times.reduce((total, one) => total + one[key], 0)
  return { all: sum('all'), busy: sum('busy'), stolen: sum('stolen') }
}
