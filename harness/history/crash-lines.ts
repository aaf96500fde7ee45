/** Which lines of a program's output report a crash: the words of common runtimes. */

const words = new RegExp(
  [
    String.raw`\bpanic(?:ked|:)?\b`,
    String.raw`\bfatal\b`,
    String.raw`\bSIG(?:SEGV|ABRT|BUS|ILL)\b`,
    String.raw`\bunhandled`,
    String.raw`\buncaught`,
    String.raw`\bassert(?:ion)? .*fail|\bassertion\b|\bAssertionError\b`,
    String.raw`\bcore dumped\b|\bout of memory\b|\bOutOfMemory|\bstack overflow\b`,
    String.raw`\bException in thread\b|\bTraceback \(most recent call last\)`,
  ].join('|'),
  'i',
)

/** Whether a log line reports a crash. */
export const isCrashLine = (line: string): boolean => words.test(line)
