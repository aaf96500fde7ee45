/**
 * Splits the command that starts a relay as a shell would, and does nothing else that a shell does.
 * Without a shell in between, the process that we start is the relay: it gets the signals, and the
 * exit status is its own.
 */

/** The program and its arguments, or why the text needs more than splitting. */
export type CommandLine =
  | { readonly ok: true; readonly command: string; readonly args: readonly string[] }
  | { readonly ok: false; readonly problem: string }

const operators = new Set('|&;<>()\n')
/** What a backslash escapes inside double quotes; before anything else it stands for itself. */
const escapable = new Set('"\\$`')

/** Splits `text` into words: blanks separate, quotes and backslashes keep together. */
export function parseCommandLine(text: string): CommandLine {
  try {
    const [command = '', ...args] = wordsOf(text)
    if (command === '') return refused('it names no program')
    if (/^[A-Za-z_]\w*=/.test(command)) {
      return refused(`"${command}" sets a variable; give it with --env ${command}`)
    }
    return { ok: true, command, args }
  } catch (error) {
    if (error instanceof NeedsShell) return refused(error.message)
    throw error
  }
}

const refused = (problem: string): CommandLine => ({ ok: false, problem })

class NeedsShell extends Error {
  override readonly name = 'NeedsShell'
}

function wordsOf(text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < text.length; ) {
    const char = text.charAt(at)
    if (/[ \t]/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
      at += 1
      continue
    }
    if (char === '~' && word === undefined) throw needsShell(char)
    const piece = pieceAt(text, at)
    word = (word ?? '') + piece.text
    at = piece.end
  }
  return word === undefined ? words : [...words, word]
}

interface Piece {
  readonly text: string
  /** Where the text goes on. */
  readonly end: number
}

/** One character, one escaped character, or one quoted stretch of a word. */
function pieceAt(text: string, at: number): Piece {
  const char = text.charAt(at)
  if (char === "'") return singleQuoted(text, at + 1)
  if (char === '"') return doubleQuoted(text, at + 1)
  if (char === '\\') {
    if (at + 1 >= text.length) throw new NeedsShell('it ends with a backslash')
    return { text: text.charAt(at + 1), end: at + 2 }
  }
  if (operators.has(char) || char === '$' || char === '`') throw needsShell(char)
  return { text: char, end: at + 1 }
}

function singleQuoted(text: string, from: number): Piece {
  const end = text.indexOf("'", from)
  if (end < 0) throw unclosed("'")
  return { text: text.slice(from, end), end: end + 1 }
}

function doubleQuoted(text: string, from: number): Piece {
  let found = ''
  for (let at = from; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (char === '"') return { text: found, end: at + 1 }
    if (char === '$' || char === '`') throw needsShell(char)
    const isEscape = char === '\\' && escapable.has(text.charAt(at + 1))
    if (isEscape) at += 1
    found += text.charAt(at)
  }
  throw unclosed('"')
}

const unclosed = (quote: string) => new NeedsShell(`a quote (${quote}) has no end`)
const needsShell = (char: string) =>
  new NeedsShell(
    `${JSON.stringify(char)} has a meaning only in a shell; put it in single quotes, ` +
      `or use --shell`,
  )
