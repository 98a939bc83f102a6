// Finding the journal's own records in a chunk without parsing every line: they are rare, and their type stands in the text.
import { utf8 } from '../bytes.js'

/** What marks a record of a `sys.` type in the text of its line; other text may hold it too. */
export function markOf(type: `sys.${string}`): Uint8Array {
  return utf8(`"type":"${type}"`)
}

/** True when the bytes hold a mark. */
export function holds(bytes: Uint8Array, mark: Uint8Array): boolean {
  // The dot of `sys.` is the rarest byte of a mark; it stands at place 11.
  for (let at = bytes.indexOf(mark[11] as number, 11); at >= 0; at = bytes.indexOf(mark[11] as number, at + 1)) {
    let i = 0
    while (i < mark.length && bytes[at - 11 + i] === mark[i]) i++
    if (i === mark.length) return true
  }
  return false
}
