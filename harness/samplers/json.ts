/** JSON out of an answer that may be anything. */

/** The value, or `null` where the text is not JSON. */
export function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}

/** The object, or `null` where the text is not the JSON of one. */
export function jsonObject(text: string): Record<string, unknown> | null {
  const value = jsonValue(text)
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Record<string, unknown>) : null
}
