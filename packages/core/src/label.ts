// Short texts that callers name things by in the audit log: operations' callers, document ids, persons.
import { isWellFormed } from './canonical.js'

/** Most characters of a label. */
export const MOST_LABEL = 256

/** True for a text that can be written to the audit log: 1 to 256 characters, no lone surrogate. */
export function isLabel(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MOST_LABEL && isWellFormed(value)
}
