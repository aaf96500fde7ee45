/** Which lines of a program's output speak of its end: the words of the usual runtimes for it. */

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

/** Whether a line of a log tells of a crash. */
export const isCrashLine = (line: string): boolean => words.test(line)
