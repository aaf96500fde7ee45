/**
 * The file of `--stack`: addresses of servers that run already, and, for a relay that runs already,
 * what it reads. We can judge only a relay that gets the records that we produce.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Names } from '../conductor/order.ts'
import { externalAddresses, type ExternalAddresses } from '../stack/external.ts'
import { UsageError } from '../world/exit-codes.ts'

const name = z.string().min(1)

/** Topics exist already and are nobody else's during the run; they are not deleted. */
const relayNames = z.strictObject({ topic: name, dlqTopic: name, groupId: name })

const stackFile = z.strictObject({
  ...externalAddresses.shape,
  relay: relayNames.exactOptional(),
})

export interface StackFile {
  readonly stack: ExternalAddresses
  readonly relay: Names | undefined
}

/** Reads the file. @throws UsageError that says what is wrong, and where */
export function readStackFile(path: string): StackFile {
  const parsed = stackFile.safeParse(jsonOf(path))
  if (!parsed.success) {
    throw new UsageError(`--stack ${path} is not right: ${z.prettifyError(parsed.error)}`)
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
