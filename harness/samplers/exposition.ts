/**
 * Reads the Prometheus text format, exactly: a target that writes it wrong would otherwise be
 * judged by what a lenient parser made of it. Series are keyed `name{label="value",…}` with sorted
 * labels and escapes as they are written, so that the same series always has the same key.
 */

export interface Exposition {
  readonly series: ReadonlyMap<string, number>
  /** What is wrong with the text, one sentence each; at most `faultsMax`. */
  readonly faults: readonly string[]
}

const faultsMax = 20
const types = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped'])
const metricName = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const comment = new RegExp(`^#\\s*(HELP|TYPE)\\s+(${metricName})(?:\\s+(.*))?$`)
const sample = new RegExp(`^(${metricName})\\s*(\\{.*\\})?\\s*(\\S+)(?:\\s+(-?\\d+))?\\s*$`)
const label = /\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\\n]|\\[\\n"])*)"\s*(,|$)/y

/** Parses a scrape. What can be read is read; what cannot is a fault. Never throws. */
export function readExposition(text: string): Exposition {
  const reader = new Reader()
  for (const line of text.split('\n')) reader.line(line.trim())
  if (text !== '' && !text.endsWith('\n')) reader.fault('the last line has no end')
  return reader
}

/** What was declared of a family, and whether samples of it came. */
interface Family {
  type: string | undefined
  hasHelp: boolean
  hasSamples: boolean
}

class Reader implements Exposition {
  readonly series = new Map<string, number>()
  readonly faults: string[] = []
  readonly #families = new Map<string, Family>()
  #latest: Family | undefined

  line(line: string): void {
    if (line === '') return
    if (line.startsWith('#')) return this.#comment(line)
    const [, name, labels, value = '', timestamp] = sample.exec(line) ?? []
    if (name === undefined) return this.fault(`cannot read: ${line.slice(0, 100)}`)
    const number = readValue(value)
    if (number === undefined) return this.fault(`"${value.slice(0, 40)}" is no value of ${name}`)
    const sorted = labels === undefined ? '' : sortedLabels(labels.slice(1, -1))
    if (sorted === undefined) return this.fault(`labels of ${name}: ${labels?.slice(0, 100)}`)
    const key = name + sorted
    this.#sampled(name)
    if (timestamp === undefined && this.series.has(key)) this.fault(`${key} comes twice`)
    this.series.set(key, number)
  }

  fault(what: string): void {
    if (this.faults.length < faultsMax) this.faults.push(what)
  }

  #comment(line: string): void {
    const [, kind, name, rest = ''] = comment.exec(line) ?? []
    if (name === undefined) return
    const family = this.#family(name)
    if (kind === 'HELP') {
      if (family.hasHelp) this.fault(`${name} has two HELP lines`)
      family.hasHelp = true
      return
    }
    if (family.type !== undefined) this.fault(`${name} has two TYPE lines`)
    if (family.hasSamples) this.fault(`the TYPE of ${name} comes after its samples`)
    if (!types.has(rest.trim())) this.fault(`${name} has the unknown type "${rest.slice(0, 40)}"`)
    family.type = rest.trim()
  }

  /** Samples of one family must stand together. */
  #sampled(name: string): void {
    const family = this.#familyOf(name)
    if (family.hasSamples && family !== this.#latest) {
      this.fault(`the samples of ${name} do not stand together`)
    }
    family.hasSamples = true
    this.#latest = family
  }

  /** A histogram `x` has samples `x_bucket`, `x_sum` and `x_count`. */
  #familyOf(name: string): Family {
    const base = /^(.+)_(?:bucket|sum|count)$/.exec(name)?.[1]
    const declared = base === undefined ? undefined : this.#families.get(base)
    const isCompound = declared?.type === 'histogram' || declared?.type === 'summary'
    return isCompound ? declared : this.#family(name)
  }

  #family(name: string): Family {
    const known = this.#families.get(name)
    if (known !== undefined) return known
    const family = { type: undefined, hasHelp: false, hasSamples: false }
    this.#families.set(name, family)
    return family
  }
}

/** Go's number syntax as far as exporters use it; undefined when it is none. */
function readValue(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text)
  const special = /^([+-]?)(nan|inf|infinity)$/i.exec(text)
  if (special === null) return undefined
  if (special[2]?.toLowerCase() === 'nan') return Number.NaN
  return special[1] === '-' ? -Infinity : Infinity
}

/** `{a="1",b="2"}` with names in order, '' for none; undefined when the text is not labels. */
function sortedLabels(text: string): string | undefined {
  const found = new Map<string, string>()
  let at = 0
  while (text.slice(at).trim() !== '') {
    label.lastIndex = at
    const [whole, name = '', value = '', separator] = label.exec(text) ?? []
    if (whole === undefined || found.has(name)) return undefined
    found.set(name, value)
    at += whole.length
    if (separator === '' && at < text.length) return undefined
  }
  if (found.size === 0) return ''
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([name, value]) => `${name}="${value}"`).join(',')}}`
}
