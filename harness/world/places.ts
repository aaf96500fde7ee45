/** Where things are kept: every folder that the harness writes to outside a run's own report. */
import { join, resolve } from 'node:path'

/** The checkout. */
export const repoRoot = resolve(import.meta.dirname, '../..')
/** Programs that the toolchain installed. Safe to delete: they are installed again. */
export const toolsFolder = join(repoRoot, '.tools')
/** State of runs under way: ledgers and data folders. Empty when nothing runs. */
export const stateFolder = join(repoRoot, '.chaos')
