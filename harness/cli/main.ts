/**
 * The command line. This is the only file of the harness that sees arguments, the environment,
 * signals and the exit code; everything behind it is handed what it needs.
 */
import { Command, CommanderError, Option } from 'commander'
import { runsBegin } from '../../dashboards/metrics/tables.ts'
import { systemClock } from '../../relay/world/clock.ts'
import { doctor } from './doctor.ts'
import { docs } from './docs.ts'
import { Trouble } from '../world/trouble.ts'
import { exitCodes, UsageError } from '../world/exit-codes.ts'
import type { ExportOptions } from './export.ts'
import type { FuzzOptions } from './fuzz.ts'
import type { GrafanaOptions } from './grafana.ts'
import { healLeftovers } from './heal.ts'
import { judgeAgain } from './judge.ts'
import { list, topicNames } from './list.ts'
import type { LoadOptions } from './load.ts'
import { reproduce } from './reproduce.ts'
import { run } from './run.ts'
import type { NightlyOptions } from './nightly.ts'
import type { SelfCheckOptions } from './self-check.ts'
import type { TopicsOptions } from './topics.ts'
import type { TrendOptions } from './trend.ts'
import { stackForms } from '../stack/registry.ts'
import { targetOptions } from '../targets/registry.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { flagOf, type OptionRows } from '../world/option-rows.ts'

/** Aborts when the run must end in order, on Ctrl-C or on an internal error. */
const ending = new AbortController()

/** npm passes Ctrl-C on although the terminal did so already: that is still one Ctrl-C. */
const sameSignalMs = 500
let firstMs = Infinity

/** A first Ctrl-C ends the run in order; a second one ends at once, and the warden cleans up. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    const nowMs = systemClock.nowMs()
    if (nowMs - firstMs > sameSignalMs) process.exit(exitCodes.unknown.code)
    firstMs = Math.min(firstMs, nowMs)
    ending.abort(new Error('interrupted'))
  })
}

/** An uncaught error is internal: it must not look like a verdict, and leave nothing behind. */
let isOurError = false
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    explain(error)
    if (isOurError) process.exit(exitCodes.internal.code)
    isOurError = true
    ending.abort(error)
    systemClock.after(orderlyEndMs, () => process.exit(exitCodes.internal.code), true)
  })
}
/** A reader that closed the pipe (`chaos list | head`) is no error. */
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

const orderlyEndMs = 20_000
/** Remaining connections may take this long to close once a command is done. */
const lastWordsMs = 2_000

const isTerminal = process.stdout.isTTY && process.env['TERM'] !== 'dumb'
const world: CommandWorld = {
  clock: systemClock,
  signal: ending.signal,
  env: process.env,
  out: {
    write: (text) => void process.stdout.write(text),
    isTerminal: isTerminal && process.env['CI'] === undefined,
    // https://no-color.org: whatever the variable says, unless it says nothing.
    hasColours: isTerminal && (process.env['NO_COLOR'] ?? '') === '',
    get columns() {
      // A terminal that does not know its width says 0, and what is none says nothing.
      const { columns } = process.stdout
      return columns > 0 ? columns : 80
    },
  },
}

const collect = (value: string, before: string[]) => [...before, value]
const json = new Option('--json', 'one JSON document on standard output, nothing else')
const quiet = new Option('--quiet', 'only failures, unknowns and the summary')
const seed = new Option('--seed <text>', 'repeat the random choices of an earlier run')
const repeatable = (flags: string, says: string) =>
  new Option(flags, says).argParser(collect).default([] as string[])
/** Options of a table. */
const optionsOf = (rows: OptionRows): Option[] =>
  Object.entries(rows).map(([key, { is, takes, says }]) => {
    const flags = [flagOf(key), takes].join(' ').trimEnd()
    return is === 'list' ? repeatable(flags, says) : new Option(flags, says)
  })
const sets = repeatable('--set <name=value>', 'a setting of the relay; repeatable')

const program = new Command('chaos')
  .description('Tests whether a streaming telemetry relay keeps its promises.')
  .showHelpAfterError('(--help lists commands and options)')
  .exitOverride()

let code: number = exitCodes.pass.code
/** Runs a command and keeps its exit code. */
const does =
  <A extends unknown[]>(work: (world: CommandWorld, ...args: A) => Promise<number>) =>
  async (...args: A): Promise<void> => {
    code = await work(world, ...args)
  }

program
  .command('doctor')
  .description('show what is installed, what is missing, and the one command that fixes it')
  .addOption(json)
  .action(does(doctor))
program
  .command('list [topic]')
  .description(`list ${topicNames.join(', ')}`)
  .addOption(json)
  .action(does(list))
const runCommand = program
  .command('run [scenarios...]')
  .description('run scenarios against a relay and judge what happened')
  .option('--suite <name>', 'all scenarios of a suite: quick or nightly; or random: see --seed')
  .option('--for <time>', 'of random schedules: as many as fit into 90s, 5m, 1h')
  .option('--schedule <number>', 'of random schedules: which one of the seed')
  .option('--parts <numbers>', 'of a random schedule: only these parts, by comma')
  .option('--shrink-for <time>', 'of one that failed: look for fewer parts so long; default 5m')
  .option('--kinds <names>', 'malformed kinds to send, by comma; "all,-garbage" is all but one')
  .addOption(sets)
  .addOption(seed)
  .option('--out <folder>', 'where the record goes; default is a new folder in reports/runs')
  .option('--stack <stack>', stackForms)
  .option('--file-sd <file>', 'write the relay, while it runs, for a Prometheus of yours')
  .addOption(quiet)
  .addOption(json)
  .action(does(run))
for (const option of optionsOf(targetOptions)) runCommand.addOption(option)
program
  .command('reproduce <finding>')
  .description('reproduce a finding: the relay with the defect fails, the reference relay passes')
  .addOption(seed)
  .option('--out <folder>', 'where the record goes')
  .addOption(quiet)
  .addOption(json)
  .action(does(reproduce))
program
  .command('fuzz <what>')
  .description('fuzz the relay with expensive and malformed input; watch its event loop and memory')
  .option('--for <time>', 'how long: 90s, 5m, 1h', '5m')
  .option('--seed <number>', 'repeat the inputs of an earlier run')
  .option('--kinds <names>', 'only these kinds of inputs, such as batch,resume')
  .option('--vectors <folder>', 'inputs that failed before: tried first; new ones are added')
  .option('--defect <name>', 'the reference relay with this defect')
  .option('--out <folder>', 'where the logs go; default is a new folder in reports/runs')
  .addOption(json)
  .action(does(async (given, what: string, options: FuzzOptions) =>
    (await import('./fuzz.ts')).fuzz(given, what, options),
  ))
program
  .command('nightly')
  .description('play a night: suite, defects, loads, random runs')
  .option('--for <time>', 'how long: 8m, 1h', '60m')
  .addOption(seed)
  .option('--out <folder>', 'where the night goes; default is a new folder in reports/nightly')
  .option('--seeds-from <file>', 'further kept seeds, such as those of another machine')
  .addOption(quiet)
  .addOption(json)
  .action(does(async (given, options: NightlyOptions) =>
    (await import('./nightly.ts')).nightly(given, options),
  ))
program
  .command('trend [folders...]')
  .description('draw many nights as one HTML page')
  .option('--last <number>', 'only the last ones; default is 30 of reports/nightly')
  .option('--out <file>', 'where the page goes; default is reports/nightly/trend.html')
  .action(does(async (given, folders: string[], options: TrendOptions) =>
    (await import('./trend.ts')).trend(given, folders, options),
  ))
program
  .command('judge <folder>')
  .description('judge a recorded run again')
  .addOption(json)
  .action(does(judgeAgain))
program
  .command('export <run>')
  .description('export a recorded run as OpenMetrics text')
  .option('--openmetrics', 'as OpenMetrics text, for promtool and Prometheus')
  .option('--out <file>', 'a new file; default is standard output')
  .option('--start-time <time>', `when the first phase of the run begins; default ${runsBegin}`)
  .action(does(async (given, folder: string, options: ExportOptions) =>
    (await import('./export.ts')).exportAs(given, folder, options),
  ))
program
  .command('load', { hidden: true })
  .description('a steady load on a running Kafka and relay, to look at; it judges nothing')
  .requiredOption('--kafka <host:port>', 'brokers, by comma')
  .requiredOption('--topic <name>', 'the topic that the relay reads')
  .requiredOption('--relay <host:port>', 'where clients connect')
  .option('--rate <number>', 'records a second', '100')
  .option('--clients <number>', 'clients that read everything', '8')
  .option('--for <time>', 'how long: 90s, 5m, 1h; default is until Ctrl-C')
  .option('--webhook <port>', 'where Alertmanager may post alerts, to print them')
  .action(does(async (given, options: LoadOptions) =>
    (await import('./load.ts')).load(given, options),
  ))
program
  .command('topics <topics...>', { hidden: true })
  .requiredOption('--kafka <host:port>', 'brokers, by comma')
  .action(does(async (given, wanted: string[], options: TopicsOptions) =>
    (await import('./topics.ts')).makeTopics(given, wanted, options),
  ))
program
  .command('grafana <runs...>')
  .description('lay recorded runs over each other in a Prometheus, for your Grafana or a page')
  .option('--draw <file>', 'answer the comparison dashboard, and draw it into a new HTML file')
  .option('--start-time <time>', `when the first phase of each run begins; default ${runsBegin}`)
  .option('--for <time>', 'end after 90s, 5m, 1h; default is on Ctrl-C')
  .action(does(async (given, runs: string[], options: GrafanaOptions) =>
    (await import('./grafana.ts')).grafana(given, runs, options),
  ))
program
  .command('self-check [folder]')
  .description('damage recordings of healthy runs and check that each damage is found')
  .option('--record <suite>', 'use the passed runs of this suite folder as the recordings')
  .addOption(json)
  .action(does(async (given, folder: string | undefined, options: SelfCheckOptions) =>
    (await import('./self-check.ts')).selfCheck(given, folder, options),
  ))
program
  .command('heal')
  .description('clean up after a killed run')
  .addOption(json)
  .action(does(healLeftovers))
program
  .command('docs')
  .description('print CATALOG.md, CONFIG.md, METRICS.md, PROTOCOL.md and .env.example again')
  .option('--check', 'change nothing; fail if a committed text differs')
  .action(does(docs))
program
  .command('self-test', { hidden: true })
  .action(does(async () => (await import('../toolchain/self-test.ts')).selfTest()))
program
  .command('bench [names...]', { hidden: true })
  .option('--profile', 'profile the CPU of the relay')
  .option('--out <file>', 'where the numbers go, as JSON')
  .action(does(async (given, names: string[], options: { profile?: boolean; out?: string }) =>
    (await import('../capacity/bench.ts')).bench(given, names, options),
  ))
program.addHelpText('after', exitCodesHelp())

try {
  await program.parseAsync()
} catch (error) {
  code = explain(error)
}
process.exitCode = isOurError ? exitCodes.internal.code : code
systemClock.after(lastWordsMs, () => process.exit(), true)

function exitCodesHelp(): string {
  const { pass, fail, unknown, usage, internal } = exitCodes
  const all = [pass, fail, unknown, usage, internal]
  const rows = all.map((one) => `  ${String(one.code).padEnd(2)}  ${one.says}`)
  return ['', 'Exit codes:', ...rows].join('\n')
}

/** Prints what went wrong and returns its exit code. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitCodes.pass.code : exitCodes.usage.code
  }
  if (error instanceof UsageError) {
    process.stderr.write(`chaos: ${error.message}\n`)
    return exitCodes.usage.code
  }
  if (error instanceof Trouble) {
    process.stderr.write(`chaos: ${error.message}\n`)
    return exitCodes.unknown.code
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`chaos: internal error, not the relay's: ${text}\n`)
  return exitCodes.internal.code
}
