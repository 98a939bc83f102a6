// What a till says of a receipt it made while the queue was out of reach (13.5): a transport field, not part of the receipt.
import { z } from 'zod'
import { invalid } from './errors.js'
import { schemaFault } from './schema-words.js'

/** Identity and state of a degraded receipt. */
export interface Degraded {
  readonly episode: string
  readonly seq: number
  /** The till's failure counter; the provisional number is `D-<till>-<counter>`. */
  readonly counter: number
  readonly localMoment: string
  readonly localHash: string
  readonly integrity: 'ok' | 'unlinked' | 'altered'
  /** Why the outage began, and when; used for the event when no outage request came before. */
  readonly reason?: string | undefined
  readonly opened?: string | undefined
  /** Set by the till when the sale's own key is already used by another receipt (conflict of keys). */
  readonly conflictsWith?: string | undefined
}

const DegradedSchema: z.ZodType<Degraded> = z.strictObject({
  episode: z.string().min(1).max(64),
  seq: z.int().min(1),
  counter: z.int(),
  localMoment: z.string().max(200),
  localHash: z.string().regex(/^[0-9a-f]{64}$/),
  integrity: z.enum(['ok', 'unlinked', 'altered']),
  reason: z.string().max(200).optional(),
  opened: z.string().max(200).optional(),
  conflictsWith: z.string().max(128).optional(),
})

/** @throws FiscalError REQUEST_INVALID */
export function parseDegraded(value: unknown): Degraded {
  const checked = DegradedSchema.safeParse(value)
  if (checked.success) return checked.data
  const { path, en, fr } = schemaFault(
    { degraded: value },
    {
      ...(checked.error.issues[0] as z.core.$ZodIssue),
      path: ['degraded', ...(checked.error.issues[0] as z.core.$ZodIssue).path],
    },
  )
  throw invalid(path, en, fr)
}
