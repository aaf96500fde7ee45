/**
 * Memory and CPU time of the run's processes, as the operating system counts them. Read from /proc
 * by hand: how long a thread waited for a processor stands only there, beside the rest.
 */
import { readdir, readFile } from 'node:fs/promises'
import { samplingMs } from '../history/tolerances.ts'
import { startSampling, type Sampler, type SamplerWorld } from './sampler.ts'

export interface MemoryOptions {
  /** Processes by role, asked before every sample: a relay that was restarted has another id. */
  readonly pids: () => Readonly<Record<string, number>>
  /** The process whose waiting time for a processor is recorded too. */
  readonly waitsOf?: string
  readonly everyMs?: number
}

/** Linux counts CPU time for user space in hundredths of a second, on every architecture. */
const microsPerTick = 10_000

export function startMemorySampler(world: SamplerWorld, options: MemoryOptions): Sampler {
  const { journal } = world
  const { pids, waitsOf, everyMs = samplingMs.memory } = options
  return startSampling(world, {
    name: 'memory',
    everyMs,
    limitMs: 2_000,
    async sample() {
      if (process.platform !== 'linux') {
        throw new Error(`memory is read from /proc, which ${process.platform} lacks`)
      }
      for (const [role, pid] of Object.entries(pids())) {
        const t = journal.now()
        const usage = await usageOf(pid)
        // A process that has ended is recorded by its `process` event, not here.
        if (usage === undefined) continue
        const waited = role === waitsOf ? await waitedMicrosOf(pid) : undefined
        const sample = ['memory', t, role, usage.rssBytes, usage.cpuMicros] as const
        journal.write(waited === undefined ? sample : [...sample, waited])
      }
    },
  })
}

export interface Usage {
  readonly rssBytes: number
  readonly cpuMicros: number
}

/** What a process uses now; undefined when it is gone. */
export async function usageOf(pid: number): Promise<Usage | undefined> {
  try {
    const [status, stat] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'latin1'),
      readFile(`/proc/${pid}/stat`, 'latin1'),
    ])
    return readUsage(status, stat)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}

/**
 * How long that thread of a process was ready to run and had no processor which waited longest;
 * undefined where the system does not count it, or the process is gone.
 */
export async function waitedMicrosOf(pid: number): Promise<number | undefined> {
  try {
    const threads = await readdir(`/proc/${pid}/task`)
    const texts = await Promise.all(threads.map((thread) => statOf(pid, thread)))
    const counted = texts.filter((text) => text !== '')
    if (counted.length === 0) return undefined
    return Math.round(Math.max(...counted.map(waitedNanosIn)) / 1_000)
  } catch {
    return undefined
  }
}

/** A thread may end between the listing and this. */
const statOf = (pid: number, thread: string): Promise<string> =>
  readFile(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').catch(() => '')

/** Time on a processor, time waiting for one (both ns), and how often it had one. */
const waitedNanosIn = (text: string): number => Number(text.split(' ')[1])

/** Reads the texts of /proc/<pid>/status and /stat; undefined for a process that ended. */
export function readUsage(status: string, stat: string): Usage | undefined {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  if (kilobytes === undefined) return undefined
  // The name in parentheses may hold spaces and parentheses itself: fields count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return { rssBytes: Number(kilobytes) * 1_024, cpuMicros: ticks * microsPerTick }
}
