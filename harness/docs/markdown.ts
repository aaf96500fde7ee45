/**
 * The small part of Markdown that the printed documents use. Cells come from tables that know
 * nothing of Markdown, so everything that could break a table is escaped here and nowhere else.
 */

/** A table; `cells` are Markdown already, see {@link code} and {@link prose}. */
export function table(
  heads: readonly string[],
  cells: readonly (readonly string[])[],
): readonly string[] {
  return [line(heads), line(heads.map(() => '---')), ...cells.map(line), '']
}

/** Text of a table, in which only backticks are markup. */
export const prose = (text: string): string =>
  text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll(markup, String.raw`\$&`)))
    .join('')

/** Underscores inside a word are not markup. */
const markup = /[\\<*[\]]|(?<!\w)_|_(?!\w)/g

/** Text as code; empty text is an empty cell. */
export function code(text: string): string {
  if (text === '') return ''
  const fence = text.includes('`') ? '``' : '`'
  return `${fence}${text}${fence}`
}

/** Words as code, separated by commas. */
export const codes = (words: readonly string[]): string => words.map(code).join(', ')

/** Sentences as one paragraph, wrapped for a terminal. */
export const paragraph = (...sentences: readonly string[]): readonly string[] => [
  ...wrapped(sentences.join(' ')),
  '',
]

/** A list, each item wrapped like a paragraph. */
export const bullets = (items: readonly string[]): readonly string[] => [
  ...items.flatMap((item) =>
    wrapped(item).map((text, index) => (index === 0 ? `- ${text}` : `  ${text}`)),
  ),
  '',
]

const columnsMax = 96

/** Wrapped at spaces only. */
function wrapped(text: string): string[] {
  return text.split(' ').reduce<string[]>((lines, word) => {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > columnsMax) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
    return lines
  }, [])
}

/** The text with a capital first letter. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** The anchor that GitHub gives a heading. */
export const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(/\s/g, '-')

/** A document that ends with exactly one line break. */
export const page = (...parts: readonly (string | readonly string[])[]): string =>
  `${parts.flat().join('\n').trimEnd()}\n`

const line = (cells: readonly string[]) => `| ${cells.map(inOneCell).join(' | ')} |`

/** A bar would end the cell even inside code. */
const inOneCell = (text: string) => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')
