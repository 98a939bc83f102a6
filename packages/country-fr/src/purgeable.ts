// Which records a purge may blank (16), told from the signed body alone, so that whoever rewrites a segment need not look into it.
import type { Body } from '@sigillo/core'
import { isKept } from './events.js'
import { eventFields } from './jet.js'

const ALWAYS: ReadonlySet<string> = new Set(['ticket', 'invoice', 'payment', 'note', 'copy', 'training'])

/** Types of which a whole purge blanks records. */
export const PURGED_TYPES: readonly string[] = [...ALWAYS, 'event']

/** True for a record whose payload a purge blanks: everything but closings, archives, kept events and the journal's own. */
export function isPurgeable({ type, x }: Pick<Body, 'type' | 'x'>): boolean {
  if (type !== 'event') return ALWAYS.has(type)
  const code = Number(eventFields(x)?.get('code') ?? Number.NaN)
  return Number.isInteger(code) && !isKept(code)
}
