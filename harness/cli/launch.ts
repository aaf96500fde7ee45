/**
 * The second step of every command, on Node 24 and on nothing but Node: the packages of the
 * lockfile, then the command itself.
 */
import { Trouble } from '../world/trouble.ts'
import { ensurePackages } from '../toolchain/packages.ts'

/** Exit code for an internal error, as in harness/cli. */
const internalError = 70

followParent()
quietKnownWarnings()
try {
  // Standard output belongs to the command, which may be printing JSON there.
  await ensurePackages((line) => void process.stderr.write(`chaos: ${line}\n`))
  await runCommand()
} catch (error) {
  if (!(error instanceof Trouble)) throw error
  process.stderr.write(`chaos: ${error.message}\n`)
  process.exitCode = internalError
}

/** The self-test must run even if a folder of the command line does not load. */
async function runCommand(): Promise<void> {
  if (process.argv[2] !== 'self-test') return void (await import('./main.ts'))
  const { selfTest } = await import('../toolchain/self-test.ts')
  process.exitCode = await selfTest()
}

/** A bootstrap that was killed takes the harness with it, in order. */
function followParent(): void {
  if (process.channel === undefined) return
  process.channel.unref()
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
}

/** kafkajs sets timers in the past, which Node 24 warns about; all other warnings stay. */
function quietKnownWarnings(): void {
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if (warning.name === 'TimeoutNegativeWarning') return
    process.stderr.write(`${warning.stack ?? `${warning.name}: ${warning.message}`}\n`)
  })
}
