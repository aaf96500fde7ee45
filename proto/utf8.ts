/**
 * Whether bytes are UTF-8, without making a string of them. Protobuf strings must be; a lenient
 * decoder would put U+FFFD in their place and two different thread ids could become the same one.
 */

/** True if `bytes[start, end)` is well-formed UTF-8: no overlong forms, no surrogates. */
export function isUtf8(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  let at = start
  while (at < end) {
    const lead = bytes[at] as number
    if (lead < 0x80) at += 1
    else {
      const length = sequenceLength(bytes, at, end, lead)
      if (length === 0) return false
      at += length
    }
  }
  return true
}

/** Bytes of the multi-byte sequence at `at`, or 0 if it is malformed. */
function sequenceLength(bytes: Uint8Array, at: number, end: number, lead: number): 0 | 2 | 3 | 4 {
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0
  if (length === 0 || at + length > end) return 0
  const second = bytes[at + 1] as number
  // Overlong forms, surrogates and what is above U+10FFFF show in the second byte.
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  if (second < least || second > most) return 0
  for (let index = 2; index < length; index += 1) {
    if (((bytes[at + index] as number) & 0xc0) !== 0x80) return 0
  }
  return length
}
