// Decisions of a single record, and drafts whose content is known before their place.
import type { Decision, Draft, JsonObject, SignedStatement } from '@sigillo/core'

/** A draft with fixed content. */
export function draft(type: string, payload: object, x?: SignedStatement, principal = true): Draft {
  const content = { payload: payload as JsonObject, ...(x !== undefined && { x }) }
  return { type, principal, write: () => content }
}

/** A decision of one record. */
export function one(type: string, payload: object, x?: SignedStatement): Decision {
  return { drafts: [draft(type, payload, x)] }
}
