/**
 * The lines of a history's files, one at a time: a file is never held as a whole. A last line
 * that was cut short is expected after a crash; any other unreadable line is trouble.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

const chunkBytes = 1_024 * 1_024
/** A longer line is not one of ours, and is skipped as unreadable. */
const lineBytesMax = 64 * 1_024 * 1_024
const newline = 0x0a

/** What `eachLine` met besides whole lines. */
export interface LineFaults {
  /** Files whose last line had no end and was left out. */
  truncated: number
  /** Lines longer than any of ours. */
  tooLong: number
}

/** The journals of a run's history folder, by name. */
export function journalFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ndjson'))
    .sort()
    .map((name) => join(folder, name))
}

/** Takes a whole line without its end, its number, and the checksum of all bytes before it. */
export type SeeLine = (line: string, number: number, crcBefore: () => number) => void

/** Calls `see` with every whole line of `file`. Memory: the longest line. */
export function eachLine(file: string, faults: LineFaults, see: SeeLine): void {
  const fd = openSync(file, 'r')
  try {
    readLines(fd, faults, see)
  } finally {
    closeSync(fd)
  }
}

function readLines(fd: number, faults: LineFaults, see: SeeLine): void {
  const chunk = Buffer.allocUnsafe(chunkBytes)
  let rest: Buffer[] = []
  let restBytes = 0
  let number = 0
  let crc = 0
  for (;;) {
    const bytes = readSync(fd, chunk, 0, chunkBytes, null)
    if (bytes === 0) break
    let start = 0
    // Up to here the chunk is in the checksum: whole stretches at once, not line by line.
    let summed = 0
    const crcBefore = () => {
      crc = crc32(chunk.subarray(summed, start), crc)
      summed = start
      return crc
    }
    for (;;) {
      const end = chunk.subarray(0, bytes).indexOf(newline, start)
      if (end < 0) break
      number += 1
      const tail = chunk.subarray(start, end)
      if (restBytes + tail.length > lineBytesMax) faults.tooLong += 1
      else see(rest.length === 0 ? tail.toString() : joined(rest, tail), number, crcBefore)
      for (const part of rest) crc = crc32(part, crc)
      rest = []
      restBytes = 0
      start = end + 1
    }
    crcBefore()
    restBytes += bytes - start
    if (restBytes > lineBytesMax) rest = []
    else if (start < bytes) rest.push(Buffer.from(chunk.subarray(start, bytes)))
  }
  if (restBytes > 0) faults.truncated += 1
}

const joined = (rest: readonly Buffer[], tail: Buffer): string =>
  Buffer.concat([...rest, tail]).toString()
