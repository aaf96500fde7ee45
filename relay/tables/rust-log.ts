/**
 * RUST_LOG, as deployments of DashFlow's relay have it, for whoever has not set LOG_LEVEL: the
 * level of all, or of the program itself. What it says of single modules is about another program.
 */

const levels: Readonly<Record<string, string>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  // Nobody who turns off a program's chatter wants its errors unsaid.
  off: 'error',
}
const program = /^websocket_server=/

/** @returns a level as LOG_LEVEL takes it; empty where there is none */
export function levelOf(rustLog = ''): string {
  const directives = rustLog.toLowerCase().split(',').map((one) => one.trim())
  const ofProgram = directives.findLast((one) => program.test(one))?.replace(program, '')
  const ofAll = directives.findLast((one) => levels[one] !== undefined)
  return levels[ofProgram ?? ''] ?? levels[ofAll ?? ''] ?? ''
}
