/**
 * The secrets among the settings, and how they are kept out of logs and answers: at the output, not
 * by the code that writes, because libraries put what they were given into their errors.
 */
import { settingRows, type SettingRow } from './settings.ts'
import type { Environment } from './settings-parse.ts'

/** Shorter ones are not replaced: replacing every `1` in a log hides more than it protects. */
const charactersMin = 4

/** Every row whose value is a secret or holds one. */
export const secretRows: readonly SettingRow[] = Object.values(settingRows).filter(
  (row: SettingRow) => row.kind === 'text' && row.isSecret === true,
)

/** The values in an environment that must not be shown, whether they are valid or not. */
export function secretsOf(env: Environment): string[] {
  return secretRows.flatMap((row) => {
    const text = env[row.env]?.trim() ?? ''
    const found = text.includes('://') ? ofUrl(text) : [text]
    return found.filter((one) => one.length >= charactersMin)
  })
}

/** The password and the query of a URL, as written and decoded. */
function ofUrl(url: string): string[] {
  const password = /:\/\/[^:@/]*:(.*)@/s.exec(url)?.[1] ?? ''
  const query = /\?(.*)$/s.exec(url)?.[1] ?? ''
  return [password, query].flatMap((written) => [written, decoded(written)])
}

function decoded(written: string): string {
  try {
    return decodeURIComponent(written)
  } catch {
    return written
  }
}

/** Replaces secrets in a text, also where they are encoded or part of something longer. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const forms = [...new Set(secrets.flatMap(formsOf))].toSorted((a, b) => b.length - a.length)
  return (text) => forms.reduce((left, form) => left.replaceAll(form, '***'), text)
}

function formsOf(secret: string): string[] {
  const inJson = JSON.stringify(secret).slice(1, -1)
  const inUrl = encodeURIComponent(secret)
  const forms = [secret, inJson, inUrl, inUrl.toLowerCase(), encodeURI(secret)]
  return [...forms, ...encodedForms(secret), Buffer.from(secret).toString('hex')]
}

/** Base64 of any text that contains the secret, for each of the three possible alignments. */
function encodedForms(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64url')
    const own = Math.floor(((before + bytes.length) * 8) / 6)
    const form = whole.slice(Math.ceil((before * 8) / 6), own)
    return form.length < charactersMin ? [] : [form, form.replaceAll('-', '+').replaceAll('_', '/')]
  })
}
