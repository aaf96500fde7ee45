/** `chaos trend`: how nights went, one after another, as one HTML page. */
import { writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { renderTrend } from '../../reports/render/trend.ts'
import { nightFile, nightsFolder, readNights } from '../nightly/nights.ts'
import { trendOf } from '../nightly/trend.ts'
import { trendAssets } from '../report/outcome.ts'
import { edgeTrouble } from '../world/edge-trouble.ts'
import { exitCodes, UsageError } from '../world/exit-codes.ts'
import { makeFolder } from '../world/folders.ts'
import { Trouble } from '../world/trouble.ts'
import type { CommandWorld } from '../world/command-world.ts'

export interface TrendOptions {
  readonly last?: string
  readonly out?: string
}

/** A month of nights, where nobody says how many. */
const lastDefault = 30

/** @returns 0 if the page was written, 2 if a night is left out because it cannot be read */
export function trend(
  { out }: Pick<CommandWorld, 'out'>,
  folders: readonly string[],
  options: TrendOptions,
): Promise<number> {
  const last = lastOf(options.last, folders)
  const where = folders.length === 0 ? [nightsFolder] : folders.map((one) => resolve(one))
  const all = readNights(where)
  if (all.length === 0) {
    throw new UsageError(
      `a night's folder holds ${nightFile}, and so may folders in the one that is named; ` +
        `there is neither in ${where.join(', ')} (npm run chaos -- nightly makes one)`,
    )
  }
  const nights = all.flatMap((one) => ('night' in one ? [one.night] : [])).slice(-last)
  const troubles = all.flatMap((one) => ('trouble' in one ? [one.trouble] : []))
  if (nights.length === 0) {
    throw new Trouble('record-unreadable', troubles.join('; '), 'name the folder of another night')
  }
  const file = resolve(options.out ?? join(nightsFolder, 'trend.html'))
  write(file, renderTrend(trendOf(nights, troubles), trendAssets()))
  for (const one of troubles) out.write(`left out: ${one}\n`)
  const machines = new Set(nights.map(({ machine }) => JSON.stringify(machine))).size
  const count = nights.length === 1 ? '1 night: a trend needs more' : `${nights.length} nights`
  const apart = machines > 1 ? ', machines apart' : ''
  out.write(`${relative('', file)}: ${count}${apart}\n`)
  return Promise.resolve(exitCodes[troubles.length === 0 ? 'pass' : 'unknown'].code)
}

/** All that were named, unless a number is given. */
function lastOf(text: string | undefined, folders: readonly string[]): number {
  if (text === undefined) return folders.length === 0 ? lastDefault : Number.MAX_SAFE_INTEGER
  const last = Number(text)
  if (Number.isSafeInteger(last) && last >= 1) return last
  throw new UsageError(`--last takes a number of nights, from 1 on, not "${text}"`)
}

function write(file: string, text: string): void {
  try {
    makeFolder(dirname(file))
    writeFileSync(file, text)
  } catch (error) {
    throw edgeTrouble(error, dirname(file))
  }
}
