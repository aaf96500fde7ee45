/** Installed tools under `.tools`: the stamp of a finished and verified installation. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toolsFolder } from '../world/places.ts'
import pins from './pins.json' with { type: 'json' }
import type { Found, Tool } from './tool.ts'

const stampName = 'installed.json'
/** Pins that an installation was made with: with other pins it belongs to another version. */
const pinsHash = createHash('sha256').update(JSON.stringify(pins)).digest('hex').slice(0, 16)

/** The tool under `.tools`; undefined where it is not, or was not finished, or is of other pins. */
export function findInstalled(tool: Tool): Found | undefined {
  const stamp = join(toolsFolder, tool.home, stampName)
  if (!existsSync(stamp)) return undefined
  const written = JSON.parse(readFileSync(stamp, 'utf8')) as { pins: string; found: Found }
  return written.pins === pinsHash && existsSync(written.found.path) ? written.found : undefined
}

/** Says that the installation in the tool's home is finished. */
export function writeStamp(tool: Tool, found: Found): void {
  const stamp = join(toolsFolder, tool.home, stampName)
  writeFileSync(`${stamp}.new`, JSON.stringify({ pins: pinsHash, found }, undefined, 2))
  renameSync(`${stamp}.new`, stamp)
}
