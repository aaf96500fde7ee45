/**
 * The target of a run as a `file_sd` file: a Prometheus that reads it scrapes the relay for as long
 * as the run lasts, with labels that say which run it is.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs'

/** What Prometheus is told of a target. */
export interface LiveTarget {
  /** host:port */
  readonly address: string
  readonly run: string
  /** What is run: the relay as it is, or with a defect. */
  readonly variant: string
}

/** DashFlow's labels of a relay. */
const labelsOfRelays = { component: 'websocket-server', service: 'dashstream' } as const

/** Writes the file; a reader sees the old one or the new one, never half of one. */
export function writeTargetFile(path: string, { address, run, variant }: LiveTarget): void {
  const labels = { run, variant, ...labelsOfRelays }
  const text = JSON.stringify([{ targets: [address], labels }], undefined, 2)
  writeFileSync(`${path}.new`, `${text}\n`)
  renameSync(`${path}.new`, path)
}

/** Takes the target away. Without the file its series end at once. */
export function removeTargetFile(path: string): void {
  rmSync(path, { force: true })
}
