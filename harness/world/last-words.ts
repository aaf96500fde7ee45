/** The last words of a process that ended, short enough for a sentence. */

/** How long after the end of a process its last words may take to arrive. */
export const lastWordsMs = 300

const linesMax = 3
const charsMax = 300

/** The end of what a process wrote, as a sentence. */
export function lastWordsOf(tail: string): string {
  const lines = tail.split('\n').map((line) => line.trim())
  const said = lines.filter((line) => line !== '').slice(-linesMax).join(' | ')
  return said === '' ? 'It left no last words.' : `Its last words: "${said.slice(-charsMax)}".`
}
