/** Errors of the file system as trouble: a full disk says nothing about any target. */
import { Trouble } from './trouble.ts'

/** Error codes of the operating system for no space, no permission, or no such folder. */
const unwritable = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'ENOTDIR', 'EEXIST'])

/** `error`, or the trouble that it means for a run that keeps its files in `folder`. */
export function edgeTrouble(error: unknown, folder: string): unknown {
  if (!(error instanceof Error)) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined || !unwritable.has(code)) return error
  return folderTrouble(folder, message, error)
}

/** The folder of a run cannot be created or written, for the reason in `message`. */
export const folderTrouble = (folder: string, message: string, cause: unknown): Trouble =>
  new Trouble(
    'disk-full',
    `cannot write the record of the run to ${folder}: ${message}`,
    'make room there, or name another folder with --out',
    cause,
  )
