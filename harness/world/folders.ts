/** Makes folders that a user names, wherever that may be. */
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder and those above it that are not there yet. Node's own recursive way never ends,
 * and hears no signal, below a folder such as /proc that says of all new names that they do not
 * exist; so every level is made once here, and the system's answer is believed.
 *
 * @throws the error of the file system for the first folder that cannot be made
 */
export function makeFolder(path: string): void {
  const missing: string[] = []
  for (let at = resolve(path); !existsSync(at) && at !== dirname(at); at = dirname(at)) {
    missing.unshift(at)
  }
  for (const folder of missing) makeOne(folder)
  if (missing.length === 0 && !statSync(path).isDirectory()) mkdirSync(path)
}

/** Another process may make the same one. */
function makeOne(folder: string): void {
  try {
    mkdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (!statSync(folder).isDirectory()) throw error
  }
}
