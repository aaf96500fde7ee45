/**
 * What a child process says: kept in a file that is bounded in bytes, its end at hand for error
 * messages, and free of the secrets that the child was given.
 */
import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Lines kept for messages, and characters of each. */
const tailLinesMax = 30
const tailLineCharsMax = 400
/** A child that never ends its line must not fill our memory. */
const lineCharsMax = 64 * 1_024

export interface ChildLog {
  /** Takes text as it comes; lines may be cut anywhere. */
  take(text: string): void
  /** The newest lines, for a person. */
  tail(): string
  close(): void
}

export interface ChildLogOptions {
  /** The newest half of the bound stands here, what was before in `<file>.1`. */
  readonly file: string
  readonly bytesMax: number
  /** Texts that are replaced wherever they appear. */
  readonly secrets: readonly string[]
  readonly onLine: (line: string) => void
}

/** Opens the log of one child. A full disk loses lines, never the run. */
export function openChildLog({ file, bytesMax, secrets, onLine }: ChildLogOptions): ChildLog {
  mkdirSync(dirname(file), { recursive: true })
  const written = openRotating(file, bytesMax)
  const tail: string[] = []
  let rest = ''
  const finish = (lines: readonly string[]) => {
    const clean = lines.map((line) => redact(line, secrets))
    written.write(clean.map((line) => `${line}\n`).join(''))
    tail.push(...clean.map((line) => line.slice(0, tailLineCharsMax)))
    tail.splice(0, tail.length - tailLinesMax)
    for (const line of clean) onLine(line)
  }
  return {
    take(text) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > lineCharsMax) {
        lines.push(rest)
        rest = ''
      }
      if (lines.length > 0) finish(lines)
    },
    tail: () => [...tail, ...(rest === '' ? [] : [redact(rest, secrets)])].join('\n'),
    close() {
      if (rest !== '') finish([rest])
      rest = ''
      written.close()
    },
  }
}

/** `text` without any of `secrets`. */
export function redact(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, '[redacted]'), text)
}

/** A file of at most half the bound, and at most one older half beside it. */
function openRotating(file: string, bytesMax: number) {
  let fd: number | undefined = openSync(file, 'w')
  let bytes = 0
  const rotate = () => {
    if (fd !== undefined) closeSync(fd)
    fd = undefined
    renameSync(file, `${file}.1`)
    fd = openSync(file, 'w')
    bytes = 0
  }
  return {
    write(text: string) {
      try {
        if (bytes + text.length > bytesMax / 2 && bytes > 0) rotate()
        if (fd !== undefined) bytes += writeSync(fd, text)
      } catch {
        // The disk is full or the folder gone: the tail in memory still has the newest lines.
      }
    },
    close() {
      if (fd !== undefined) closeSync(fd)
      fd = undefined
    },
  }
}
