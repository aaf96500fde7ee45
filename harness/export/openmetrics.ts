/**
 * The OpenMetrics text format, piece by piece: heads of families, samples, timestamps. Pure; what
 * stands in which order is the business of write.ts.
 */

/** Types of OpenMetrics that we write. */
export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'info' | 'unknown'

export type Labels = Readonly<Record<string, string>>

/** The last line of a file; without it Prometheus refuses the file as cut off. */
export const endOfFile = '# EOF\n'

const escaped = (text: string): string =>
  text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`).replaceAll('"', '\\"')

/** The block that opens a family: it may stand only once. */
export const familyHead = (family: string, type: FamilyType, help: string): string =>
  `# TYPE ${family} ${type}\n# HELP ${family} ${escaped(help)}\n`

/** `a="1",b="2"`, in the order given. */
export const labelText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')

/** A value as OpenMetrics spells it. */
export function valueText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

/**
 * A time in seconds. Prometheus reads it as a double, multiplies by 1000 and cuts off what follows
 * the point: where that would give the millisecond before, a tenth of one is added.
 *
 * @param unixMs whole milliseconds
 */
export function timeText(unixMs: number): string {
  const whole = Math.floor(unixMs / 1_000)
  const text = `${whole}.${String(unixMs - whole * 1_000).padStart(3, '0')}`
  return Math.trunc(Number(text) * 1_000) === unixMs ? text : `${text}1`
}
