/**
 * The stack of `--stack file:<path>`: running servers. The file has their addresses and, for a
 * running relay, what it reads: the harness can judge only a relay that gets the records that it
 * produces.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { UsageError } from '../world/exit-codes.ts'
import { externalAddresses, joinExternalStack, type ExternalAddresses } from './external.ts'
import type { Names, StackKind } from './kind.ts'

const name = z.string().min(1)

/** Topics exist already and are used by no one else during the run; they are not deleted. */
const relayNames = z.strictObject({ topic: name, dlqTopic: name, groupId: name })

const stackFile = z.strictObject({
  ...externalAddresses.shape,
  relay: relayNames.exactOptional(),
})

export interface StackFile {
  readonly stack: ExternalAddresses
  readonly relay: Names | undefined
}

export const file: StackKind = {
  form: 'file:<path>',
  says: 'running servers, addresses as JSON',
  choose(path) {
    if (path === undefined || path === '') throw new UsageError('--stack file:<path> wants a path')
    const { stack, relay } = readStackFile(path)
    return {
      says: 'connecting to the running servers',
      ...(relay && { names: relay }),
      start: ({ world }) => joinExternalStack(world.clock, stack),
    }
  },
}

/** Reads the file. @throws UsageError that says what is wrong, and where */
export function readStackFile(path: string): StackFile {
  const parsed = stackFile.safeParse(jsonOf(path))
  if (!parsed.success) {
    throw new UsageError(`--stack ${path} is not valid: ${z.prettifyError(parsed.error)}`)
  }
  const { relay, ...stack } = parsed.data
  return { stack, relay }
}

function jsonOf(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`--stack wants a file: ${(error as Error).message}`)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError(`--stack ${path} must be JSON: ${(error as Error).message}`)
  }
}
