/**
 * The little Markdown that the printed texts are made of. Cells come from tables that know nothing
 * of Markdown, so whatever could break a table is escaped here and nowhere else.
 */

/** A table; `cells` are Markdown already, see {@link code} and {@link prose}. */
export function table(
  heads: readonly string[],
  cells: readonly (readonly string[])[],
): readonly string[] {
  return [line(heads), line(heads.map(() => '---')), ...cells.map(line), '']
}

/** Text of a table, in which nothing is markup but what stands between backticks. */
export const prose = (text: string): string =>
  text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll(markup, String.raw`\$&`)))
    .join('')

/** Underscores inside a word are letters. */
const markup = /[\\<*[\]]|(?<!\w)_|_(?!\w)/g

/** Text as code; empty text is an empty cell. */
export function code(text: string): string {
  if (text === '') return ''
  const fence = text.includes('`') ? '``' : '`'
  return `${fence}${text}${fence}`
}

/** Words as code, one after another. */
export const codes = (words: readonly string[]): string => words.map(code).join(', ')

/** Sentences as one paragraph, in lines that a terminal shows whole. */
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

/** Broken at spaces; what has none stays whole. */
function wrapped(text: string): string[] {
  return text.split(' ').reduce<string[]>((lines, word) => {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > columnsMax) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
    return lines
  }, [])
}

/** A sentence's beginning. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** The name of a heading as a link's target, as GitHub makes it. */
export const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(/\s/g, '-')

/** A text that ends with one line break, whatever its parts end with. */
export const page = (...parts: readonly (string | readonly string[])[]): string =>
  `${parts.flat().join('\n').trimEnd()}\n`

const line = (cells: readonly string[]) => `| ${cells.map(inOneCell).join(' | ')} |`

/** A bar would end the cell even inside code. */
const inOneCell = (text: string) => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')
