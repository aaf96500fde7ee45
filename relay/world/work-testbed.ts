/**
 * How much work a call does, counted and not timed: the blocks of JavaScript that ran, as the
 * engine counts them, and the elements that built-in functions went over. The same input costs the
 * same on any machine, so that a test can say how the cost grows.
 */
import { Session, type Profiler } from 'node:inspector/promises'
import { setFlagsFromString } from 'node:v8'

// Compiled code counts no blocks.
for (const tier of ['opt', 'maglev', 'sparkplug']) setFlagsFromString(`--no-${tier}`)

type Anything = (...args: never[]) => unknown
type Natives = Record<string, unknown>
type Sized = { readonly length: number }

/** Built-ins that go over all of what they are called on. */
const arrays = [
  'slice', 'splice', 'shift', 'unshift', 'concat', 'includes', 'indexOf', 'join', 'fill', 'flat',
]
const bytes = ['slice', 'set', 'copyWithin', 'includes', 'indexOf', 'fill', 'join']
const texts = ['slice', 'split', 'replaceAll', 'includes', 'indexOf', 'repeat']

/** Counts what `call` does: steps of JavaScript and of built-ins over arrays, bytes and texts. */
export async function workOf(call: () => unknown): Promise<number> {
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    const natives = countNatives()
    try {
      await call()
    } finally {
      natives.restore()
    }
    const { result } = await session.post('Profiler.takePreciseCoverage')
    return natives.count() + stepsOf(result)
  } finally {
    session.disconnect()
  }
}

const stepsOf = (scripts: readonly Profiler.ScriptCoverage[]): number =>
  scripts
    .filter(({ url }) => !url.startsWith('node:') && !url.includes('work-testbed'))
    .flatMap(({ functions }) => functions)
    .flatMap(({ ranges }) => ranges)
    .reduce((sum, { count }) => sum + count, 0)

function countNatives() {
  let steps = 0
  const undo: (() => void)[] = []
  const meter = (owner: object, names: readonly string[]) => {
    for (const name of names) {
      const own = (owner as Natives)[name] as Anything
      const counted = function (this: never, ...args: never[]) {
        const whole = (this as Sized).length
        const result = own.apply(this, args)
        steps += stepsIn(name, whole, args, result)
        return result
      }
      ;(owner as Natives)[name] = counted
      undo.push(() => ((owner as Natives)[name] = own))
    }
  }
  meter(Array.prototype, arrays)
  meter(Object.getPrototypeOf(Uint8Array.prototype) as object, bytes)
  meter(String.prototype, texts)
  return {
    count: () => steps,
    restore: () => undo.forEach((one) => one()),
  }
}

/** What a built-in goes over: a slice is as long as it is, a search ends where it finds. */
function stepsIn(name: string, whole: number, args: readonly unknown[], result: unknown): number {
  if (name === 'slice') return (result as Sized).length
  if (name !== 'indexOf') return whole
  const from = typeof args[1] === 'number' ? args[1] : 0
  return Math.max(0, (Number(result) < 0 ? whole : Number(result) + 1) - from)
}
