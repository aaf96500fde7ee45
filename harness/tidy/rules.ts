/**
 * The house rules that a machine can check: import order, size budgets, banned words. Each
 * breach says where it is, what is wrong, and what to use instead.
 */
import { posix } from 'node:path'
import { floorBreach } from './floors.ts'

export interface SourceFile {
  /** Path from the root of the repository, with `/`. */
  readonly path: string
  readonly text: string
}
export interface Breach {
  readonly path: string
  readonly line: number
  readonly says: string
}

const lineMax = 100
const functionMax = 70
const fileMax = 400
const scenarioMax = 60

/** Houses that a house may import from, besides itself. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  proto: [],
  relay: ['proto'],
  harness: ['proto', 'relay', 'dashboards', 'reports'],
  scenarios: ['harness'],
  reports: [],
  dashboards: ['relay'],
  deploy: ['relay', 'dashboards', 'harness', 'scenarios'],
}
/** The import order as README states it. */
export const lawOfImports =
  'imports go from right to left in `proto ← relay ← dashboards ← harness ← scenarios`, and ' +
  'only `harness/cli` imports the scenarios that it runs'
/** The only product folder that knows the scenarios. Tests play them as well. */
const mayKnowScenarios = /^harness\/cli\//
/** What of the relay the harness may know: its tables, its seams and its client; not its stages. */
const relayFace =
  /^relay\/(?:tables|world|client)\/|^relay\/(?:parts|[\w-]+\/seam|kafka\/kafkajs-patches)\.ts$/
/** Defects start and replace, so they may know what they are built against. */
const relayForDefects =
  /^relay\/(?:main|parts|wiring|[\w-]+\/seam)\.ts$|^relay\/(?:log|tables|client|world)\//

/** A library enters through these files and no others; tests may use it to check from outside. */
const libraryDoors: Readonly<Record<string, RegExp>> = {
  kafkajs:
    /^relay\/kafka\/kafka[\w-]*\.ts$|^harness\/(?:stack\/kafka|trials\/examples\/[\w-]+)\.ts$/,
  ioredis: /^relay\/adapters\/redis\.ts$/,
  ws: /^relay\/adapters\/[\w-]+\.ts$|^harness\/(?:capacity|trials\/examples)\//,
  fastify: /^relay\/adapters\/[\w-]+\.ts$/,
  pino: /^relay\/adapters\/logger\.ts$/,
  'prom-client': /^relay\/metrics\/metrics\.ts$/,
  'toxiproxy-node-client': /^harness\/stack\/toxiproxy\.ts$/,
  '@faker-js/faker': /^harness\/records\/[\w-]+\.ts$/,
  'fast-check': /^harness\/fuzz\/|^proto\/vectors\/|-testbed\.ts$/,
  commander: /^harness\/cli\/main\.ts$/,
  '@noble/hashes': /^proto\/canonical-json\.ts$/,
  denque: /^relay\/replay\/[\w-]+\.ts$/,
  'lru-cache': /^relay\/stages\/sequences\.ts$/,
  'fastest-levenshtein': /^harness\/world\/nearest\.ts$/,
  'proper-lockfile': /^harness\/toolchain\/lock\.ts$/,
  semver: /^harness\/toolchain\/version\.ts$/,
  zx: /^harness\/toolchain\/step\.ts$/,
  '@grafana/grafana-foundation-sdk': /^dashboards\/kit\/[\w-]+\.ts$/,
  'hdr-histogram-js': /^harness\/(?:history\/latency|capacity\/[\w-]+)\.ts$/,
}

interface Ban {
  readonly word: RegExp
  readonly allowedIn: RegExp
  readonly use: string
}
const bans: readonly Ban[] = [
  {
    word: /\bDate\.now\(|\bnew Date\(\)/,
    allowedIn: /^relay\/world\/clock\.ts$/,
    use: 'the Clock that is handed in (relay/world/clock.ts)',
  },
  {
    word: /(?<![.\w])set(?:Timeout|Interval)\(/,
    allowedIn: /^relay\/world\/clock\.ts$|^relay\/viewer\//,
    use: 'clock.after or clock.every (relay/world/clock.ts)',
  },
  {
    word: /\bMath\.random\(/,
    allowedIn: /^$/,
    use: 'the dice of harness/world/dice.ts, so that a seed repeats the run',
  },
  {
    word: /\bprocess\.env\b/,
    allowedIn: new RegExp(
      String.raw`^relay/main\.ts$|^harness/toolchain/bootstrap\.mjs$|` +
        String.raw`^harness/(?:cli/main|world/environment|defects/start-defective)\.ts$`,
    ),
    use: 'a value that is handed in; main reads the environment',
  },
  {
    word: /\bconsole\.\w+\(/,
    allowedIn: /^relay\/viewer\//,
    use: 'the log or the screen that is handed in',
  },
]
/** The example relay stands for a foreign one: it follows none of our conventions. */
const isForeign = /^harness\/trials\/examples\//
/** Names that say nothing of what a thing is. */
const vagueName =
  /\b(?:class|interface|type|function|const)\s+\w*(?:Manager|Helper|Util|Handler)s?\b/
const vagueFolder = /(?:^|\/)(?:utils?|common|helpers?|misc)\//
const findingId = /\b(?:M-\d{3,4}|v8-L\d|2X-\d+|BUG-\d+)\b/
const mayNameFindings =
  /^scenarios\/|^harness\/(?:defects|findings)\/|\.md$|\.test\.ts$|^relay\/tables\/differences/

/** All breaches of one file. */
export function breachesOf(file: SourceFile): Breach[] {
  const lines = file.text.split('\n')
  const isTest = file.path.endsWith('.test.ts')
  const isTestbed = file.path.endsWith('-testbed.ts')
  return [
    ...lines.flatMap((line, index) => lineBreaches(file.path, line, index + 1, isTest)),
    ...budgetBreaches(file.path, lines),
    ...importBreaches(file, isTest || isTestbed),
  ]
}

function lineBreaches(path: string, line: string, number: number, isTest: boolean): Breach[] {
  const found: string[] = []
  if (line.length > lineMax) {
    found.push(`line of ${line.length} characters; break it at ${lineMax}`)
  }
  const code = line.replace(/^\s*(?:\/\/|\*|\/\*).*$/, '')
  for (const { word, allowedIn, use } of bans) {
    if (!isTest && !isForeign.test(path) && word.test(code) && !allowedIn.test(path)) {
      found.push(`"${word.exec(code)?.[0]}" is banned here; use ${use}`)
    }
  }
  if (!isTest && vagueName.test(code)) {
    found.push('a name that says nothing; name what the thing is')
  }
  if (findingId.test(line) && !mayNameFindings.test(path) && !isForeign.test(path)) {
    found.push('a finding id; those stand only in scenarios, defects and examples')
  }
  return found.map((says) => ({ path, line: number, says }))
}

function budgetBreaches(path: string, lines: readonly string[]): Breach[] {
  const breaches: Breach[] = []
  if (lines.length - 1 > fileMax) {
    const says = `file of ${lines.length - 1} lines; split it by promise at ${fileMax}`
    breaches.push({ path, line: 1, says })
  }
  const isScenario = /^scenarios\/(?!index)[\w-]+\.ts$/.test(path)
  if (isScenario && !path.endsWith('.test.ts') && lines.length - 1 > scenarioMax) {
    const says = `scenario of ${lines.length - 1} lines; say it in ${scenarioMax}`
    breaches.push({ path, line: 1, says })
  }
  if (vagueFolder.test(path)) {
    breaches.push({ path, line: 1, says: 'a folder for anything; name what belongs in it' })
  }
  if (!/^\s*(?:\/\*\*|#!|\/\/)/.test(lines[0] ?? '') && !path.endsWith('.test.ts')) {
    breaches.push({ path, line: 1, says: 'no opening comment; say why the file exists' })
  }
  return [...breaches, ...longFunctions(path, lines)]
}

/** A line that opens a function or a method, by how it looks; its indentation is kept. */
const opens = new RegExp(
  String.raw`^(\s*)(?:export )?(?:default )?(?:async )?(?:static )?` +
    String.raw`(?:function\*? |get |set |#?\w+(?:<.*>)?\(.*\).*\{$|` +
    String.raw`const \w+ = (?:async )?\(.*=> \{$)`,
)

/** Functions and methods, from the line that opens one to the line that closes it. */
function longFunctions(path: string, lines: readonly string[]): Breach[] {
  const isTest = path.endsWith('.test.ts')
  return lines.flatMap((line, index) => {
    const indent = opens.exec(line)?.[1]
    const isControl = /^\s*(?:if|for|while|switch|catch|return)\b/.test(line)
    const isSuite = isTest && /^\s*(?:describe|it|test)\b/.test(line)
    if (indent === undefined || isControl || isSuite) return []
    const length = lines.slice(index + 1).findIndex((later) => later.startsWith(`${indent}}`)) + 2
    if (length <= functionMax) return []
    return [{ path, line: index + 1, says: `function of ${length} lines; ${functionMax} at most` }]
  })
}

/** Every import of a text, of types and dynamic ones too: what is wanted, and on which line. */
function importsOf(text: string): { readonly wanted: string; readonly line: number }[] {
  const pattern = /(?:from|import)\s*\(?\s*'([^']+)'|new URL\(\s*'(\.[^']+\.ts)'/g
  return [...text.matchAll(pattern)].map((match) => ({
    wanted: match[1] ?? match[2] ?? '',
    line: text.slice(0, match.index).split('\n').length,
  }))
}

/** The files of ours that a file imports, from the root of the repository. */
export const importedFiles = ({ path, text }: SourceFile): string[] =>
  importsOf(text)
    .filter(({ wanted }) => wanted.startsWith('.'))
    .map(({ wanted }) => posix.join(posix.dirname(path), wanted))

function importBreaches({ path, text }: SourceFile, isTest: boolean): Breach[] {
  return importsOf(text).flatMap(({ wanted, line }) => {
    const target = posix.join(posix.dirname(path), wanted)
    const says = wanted.startsWith('.')
      ? (lawBreach(path, target, isTest) ?? floorBreach(path, target))
      : doorBreach(path, wanted, isTest)
    return says === undefined ? [] : [{ path, line, says }]
  })
}

function lawBreach(path: string, target: string, isTest: boolean): string | undefined {
  const [from = '', to = ''] = [path.split('/')[0], target.split('/')[0]]
  if (from === to || !(from in mayImport)) return undefined
  if (from === 'harness' && to === 'scenarios') {
    if (isTest || mayKnowScenarios.test(path)) return undefined
    return 'only harness/cli imports the scenarios; take what you need as an argument'
  }
  if (!mayImport[from]?.includes(to)) {
    return `${from} must not import ${to} (proto ← relay ← dashboards ← harness ← scenarios)`
  }
  if (from === 'harness' && to === 'relay' && !isTest) {
    const allowed = path.startsWith('harness/defects/') ? relayForDefects : relayFace
    if (!allowed.test(target) && !mayKnowRelay.test(path)) {
      return `${target} is the inside of the relay; use its tables, its seams or its client`
    }
  }
  return undefined
}
/** The bench drives the relay's own pieces. */
const mayKnowRelay = /^harness\/capacity\//

function doorBreach(path: string, library: string, isTest: boolean): string | undefined {
  const name = library.split('/').slice(0, library.startsWith('@') ? 2 : 1).join('/')
  const door = libraryDoors[name]
  if (door === undefined || isTest || door.test(path)) return undefined
  return `${name} enters through ${door.source.replaceAll('\\', '')}; use what stands there`
}
