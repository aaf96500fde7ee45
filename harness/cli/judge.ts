/** `chaos judge`: judges recorded runs again, with the checkers of today. */
import { resolve } from 'node:path'
import { worst, type RunVerdict } from '../judge/judge.ts'
import { judgeRun } from '../judge/judged-run.ts'
import { readRecord } from '../judge/record.ts'
import { sayTestimony } from '../judge/testimony.ts'
import { Trouble } from '../world/trouble.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { sayVerdict } from './console.ts'
import { exitCodes } from '../world/exit-codes.ts'
import { runFoldersIn } from './run-folders.ts'

export function judgeAgain(
  given: CommandWorld,
  folder: string,
  options: { json?: boolean },
): Promise<number> {
  const verdicts = runFoldersIn(resolve(folder)).map(judgeFolder)
  if (options.json) given.out.write(`${JSON.stringify(verdicts)}\n`)
  else for (const verdict of verdicts) given.out.write(say(given, verdict))
  return Promise.resolve(exitCodes[worst(verdicts.map((one) => one.verdict))].code)
}

/** A record that cannot be read is an error, not a verdict. */
function judgeFolder(run: string): RunVerdict {
  try {
    const record = readRecord(run)
    return judgeRun(run, record).verdict
  } catch (error) {
    const because = (says: string) => `${run} cannot be judged: ${says}`
    if (error instanceof Trouble) {
      throw new Trouble(error.code, because(error.what), error.todo, error)
    }
    const { message } = error as Error
    throw new Trouble('record-unreadable', because(message), 'run again', error)
  }
}

function say({ out }: CommandWorld, judged: RunVerdict): string {
  const rows = judged.findings.flatMap(({ verdict, finding, why, fix }) => [
    `  ${sayVerdict(out, verdict)} ${finding.padEnd(8)} ${why}`,
    ...(fix === undefined ? [] : [`                   fix: ${fix}`]),
  ])
  const doubts = judged.caveats.map(({ says }) => `  doubt: ${says}`)
  return [judged.scenario, ...rows, ...sayTestimony(judged.testimony), ...doubts, ''].join('\n')
}
