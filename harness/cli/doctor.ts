/**
 * `chaos doctor`: what a run needs, what is installed, and the one command that fixes the rest. It
 * never throws: a machine that cannot be inspected is a result, too.
 */
import { inspectMachine, type Inspection, type InspectionState } from '../toolchain/inspect.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { paint } from './console.ts'
import { exitCodes } from '../world/exit-codes.ts'

export interface DoctorOptions {
  readonly json?: boolean
}
type Out = CommandWorld['out']

/** @returns 0 if a run works or installs what is missing, 2 if something must be done by hand */
export const doctor = (given: CommandWorld, options: DoctorOptions): Promise<number> =>
  examine(given.out, options, inspectMachine)

/** The same, with the inspection of the machine handed in. */
export async function examine(
  out: Out,
  { json = false }: DoctorOptions,
  inspect: typeof inspectMachine,
): Promise<number> {
  const rows = await inspect().catch((error: unknown) => [notUnderstood(error)])
  const isReady = !rows.some(({ state }) => state === 'missing')
  out.write(json ? `${JSON.stringify({ isReady, rows })}\n` : report(out, rows))
  return isReady ? exitCodes.pass.code : exitCodes.unknown.code
}

const notUnderstood = (error: unknown): Inspection => ({
  what: 'this machine',
  why: 'everything else is installed on it',
  wanted: 'an inspection',
  found: error instanceof Error ? error.message : String(error),
  state: 'missing',
  fix: 'npm ci, then npm run chaos -- doctor',
})

const marks: Readonly<Record<InspectionState, readonly [string, 'green' | 'yellow' | 'red']>> = {
  good: ['ok', 'green'],
  installable: ['later', 'yellow'],
  doubtful: ['doubt', 'yellow'],
  missing: ['MISSING', 'red'],
}

/** What is missing is shown with what is required, why, and the fix. */
function report(out: Out, rows: readonly Inspection[]): string {
  const unique = withoutRepeats(rows)
  const width = Math.max(...unique.map(({ what }) => what.length))
  const lines = unique.flatMap(({ what, why, wanted, found, state, fix }) => {
    const [mark, colour] = marks[state]
    const line = `  ${paint(out, colour, mark.padEnd(8))}${what.padEnd(width)}  ${found}`
    if (state === 'good') return [line]
    const indent = ' '.repeat(10 + width + 2)
    return [line, `${indent}wanted: ${wanted}; ${why}`, `${indent}fix: ${fix}`]
  })
  return ['What a run needs', ...lines, '', conclusion(out, unique), ''].join('\n')
}

/** Two tools may need the same program of the host. */
const withoutRepeats = (rows: readonly Inspection[]): readonly Inspection[] =>
  rows.filter(({ what }, index) => rows.findIndex((row) => row.what === what) === index)

function conclusion(out: Out, rows: readonly Inspection[]): string {
  const those = (state: InspectionState) =>
    rows.filter((row) => row.state === state).map(({ what }) => what)
  const [missing, later, doubtful] = [those('missing'), those('installable'), those('doubtful')]
  if (missing.length > 0) {
    return paint(out, 'red', `A run cannot work before you fix: ${say(missing)}.`)
  }
  const notes = [
    later.length > 0
      ? `What is missing is installed by the first command that needs it: ${say(later)}.`
      : 'Everything is installed.',
    ...(doubtful.length > 0 ? [`Runs work, with less margin: ${say(doubtful)}.`] : []),
  ]
  return [...notes, 'Next: npm start'].join('\n')
}

const say = (names: readonly string[]) => names.join(', ')
