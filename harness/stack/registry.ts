/**
 * The kinds of stacks. A new kind is a file of its own and a line here: `--stack` and its help come
 * from this table.
 */
import { existsSync } from 'node:fs'
import { UsageError } from '../world/exit-codes.ts'
import { compose } from './compose.ts'
import { file } from './file.ts'
import type { StackChoice, StackKind } from './kind.ts'
import { native } from './native.ts'

export const stackKinds: Readonly<Record<string, StackKind>> = { native, compose, file }

/** What `--stack` may be, for help. */
export const stackForms: string = Object.values(stackKinds)
  .map(({ form, says }) => `${form} (${says})`)
  .join(' or ')

/** A stack, and what to print when it is requested by an older name. */
export interface SelectedStack extends StackChoice {
  readonly hint?: string
}

/**
 * Parses `--stack`; the default is the native stack. A path alone means a file, as in version 1.
 *
 * @throws UsageError for what makes no sense
 */
export function selectStack(text = 'native'): SelectedStack {
  const [, name = text, rest] = /^([a-z]+)(?::(.*))?$/s.exec(text) ?? []
  const kind = Object.hasOwn(stackKinds, name) ? stackKinds[name] : undefined
  if (kind !== undefined) return kind.choose(rest)
  if (!existsSync(text)) {
    const forms = Object.values(stackKinds).map(({ form }) => form)
    throw new UsageError(`--stack wants ${forms.join(' or ')}; got "${text}"`)
  }
  return { ...file.choose(text), hint: `--stack ${text} is now written --stack file:${text}` }
}
