/**
 * RUST_LOG, as deployments of DashFlow's relay set it, applies where LOG_LEVEL is not set: the
 * global level, or that of `websocket_server`. Levels of modules are about another program.
 */

const levels: Readonly<Record<string, string>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  // Turning off the log of a program is not meant to hide its errors.
  off: 'error',
}
const program = /^websocket_server=/

/** @returns a level as in LOG_LEVEL; empty where there is none */
export function levelOf(rustLog = ''): string {
  const directives = rustLog.toLowerCase().split(',').map((one) => one.trim())
  const ofProgram = directives.findLast((one) => program.test(one))?.replace(program, '')
  const ofAll = directives.findLast((one) => levels[one] !== undefined)
  return levels[ofProgram ?? ''] ?? levels[ofAll ?? ''] ?? ''
}
