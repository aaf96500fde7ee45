/**
 * How many files this process may have open. Each connection is one: where they run out, neither
 * clients nor liveness probes get an answer, and Kafka and Redis cannot be connected to.
 */
import process from 'node:process'

/** The limit, after the runtime has raised it as far as it may; undefined where it is unknown. */
export function readOpenFilesMax(): number | undefined {
  const { userLimits } = process.report.getReport() as { readonly userLimits?: Limits }
  const limit = userLimits?.open_files?.soft
  return typeof limit === 'number' ? limit : undefined
}

interface Limits {
  readonly open_files?: { readonly soft: number | 'unlimited' }
}
