/** Words of a command line that people copy into a shell. */

/** A word as a POSIX shell takes it back unchanged. */
export const quoted = (word: string): string =>
  /^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
